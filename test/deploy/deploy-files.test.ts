import { execFileSync, spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parse, parseAllDocuments } from 'yaml';
import { jobs } from '../../jobs/index.js';
import { buildProgram } from '../../src/cli/program.js';
import { describeVariables } from '../../src/config.js';
import { createTimetable } from '../../src/timetable.js';
import { findMentions } from '../cli/support/mentions.js';
import { onlyIf } from '../support/only-if.js';

const known = { program: await buildProgram(), jobs: jobs.map(({ name }) => name) };

/** Asserts that a command line of the program would be accepted. */
function checkCommand(t: ExecutionContext, words: readonly string[], where: string): void {
  const { problems, commands } = findMentions(`tn-ledger ${words.join(' ')}`, true, known);
  t.deepEqual(problems, [], where);
  t.is(commands, 1, where);
}

const variables = describeVariables().flatMap(({ name, fromFile }) => (fromFile ? [name, `${name}_FILE`] : [name]));

/** Asserts that each of our variables in a text exists. */
function checkVariables(t: ExecutionContext, text: string, where: string): void {
  for (const [name] of text.matchAll(/\b(?:BANDWIDTH|TN_LEDGER|DATABASE)_[A-Z_]+\b/g)) {
    t.true(variables.includes(name), `${where}: ${name}`);
  }
}

async function files(folder: string): Promise<{ path: string; text: string }[]> {
  const names = await readdir(folder);
  return Promise.all(
    names.map(async (name) => ({ path: join(folder, name), text: await readFile(join(folder, name), 'utf8') })),
  );
}

/** The built program, as the package has it. */
const script = 'dist/src/cli/main.js';

test('every variable in deploy/ exists', async (t) => {
  for (const folder of ['systemd', 'docker', 'kubernetes']) {
    for (const { path, text } of await files(`deploy/${folder}`)) checkVariables(t, text, path);
  }
});

test('the systemd units run commands that exist, and pass a credential for each file', async (t) => {
  const units = await files('deploy/systemd');
  t.is(units.length, 3);
  for (const { path, text } of units.filter(({ path }) => path.endsWith('.service'))) {
    const [, program = '', words = ''] = /^ExecStart=\/usr\/bin\/node (\S+) (.+)$/m.exec(text) ?? [];
    t.true(program.endsWith(`/node_modules/tn-ledger/${script}`), path);
    checkCommand(t, words.split(' '), path);
    const loaded = [...text.matchAll(/^LoadCredential=([\w-]+):\//gm)].map(([, name]) => name);
    const used = [...text.matchAll(/_FILE=%d\/([\w-]+)$/gm)].map(([, name]) => name);
    t.deepEqual(loaded, used, path);
    t.true(loaded.length > 0, path);
  }
});

const canVerify = spawnSync('systemd-analyze', ['--version']).error === undefined;
const asSystemd = onlyIf(test, canVerify, 'needs systemd-analyze');

asSystemd('systemd-analyze accepts the units, and finds the services hardened', async (t) => {
  const paths = (await files('deploy/systemd')).map(({ path }) => path);
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...paths], { encoding: 'utf8' });
  // Where Node.js is elsewhere, that is all it may complain about.
  const rest = stderr.split('\n').filter((line) => line !== '' && !line.includes('/usr/bin/node is not executable'));
  t.deepEqual(rest, []);
  if (stderr === '') t.is(status, 0);
  for (const path of paths.filter((each) => each.endsWith('.service'))) {
    // Exposure of at most 2.0 of 10; the status is not 0 above it.
    const options = ['security', '--offline=true', '--threshold=20', path];
    t.regex(execFileSync('systemd-analyze', options, { encoding: 'utf8' }), /Overall exposure level .*OK/);
  }
});

test('the timer starts at the time that schedule has by default', async (t) => {
  const timer = await readFile('deploy/systemd/tn-ledger-nightly.timer', 'utf8');
  const [, hour, minute, zone] = /^OnCalendar=\*-\*-\* (\d\d):(\d\d):00 (\S+)$/m.exec(timer) ?? [];
  const defaultOf = (name: string) => describeVariables().find((each) => each.name === name)?.default;
  t.deepEqual(
    [`${Number(minute)} ${Number(hour)} * * *`, zone],
    [defaultOf('TN_LEDGER_SCHEDULE'), defaultOf('TN_LEDGER_TIMEZONE')],
  );
});

test('the image runs the built program as a user without rights, and copies what exists', async (t) => {
  const text = await readFile('deploy/docker/Dockerfile', 'utf8');
  const [build = '', final = ''] = text.split(/^(?=FROM )/m).filter((stage) => stage.startsWith('FROM'));
  t.regex(build, /^FROM node:(\d+)-\S+ AS build$/m);
  t.is(final.split(/\s/)[1], build.split(/\s/)[1]);
  t.regex(final, /^USER node$/m);
  t.regex(final, /^VOLUME \/data$/m);
  const instruction = (name: string) => JSON.parse(new RegExp(`^${name} (\\[.*\\])$`, 'm').exec(final)?.[1] ?? '[]');
  t.deepEqual(instruction('ENTRYPOINT'), ['node', script]);
  checkCommand(t, instruction('CMD'), 'CMD');
  const [, code = ''] = /CMD \["node", "-e", "(.*)"\]$/m.exec(final) ?? [];
  t.notThrows(() => new Function(code));
  const scripts = JSON.parse(await readFile('package.json', 'utf8')).scripts;
  for (const [, name = ''] of build.matchAll(/npm run ([\w:-]+)/g)) t.true(Object.hasOwn(scripts, name), name);
  const ignored = await readFile('deploy/docker/Dockerfile.dockerignore', 'utf8');
  const sent = [...ignored.matchAll(/^!(.+)$/gm)].map(([, name]) => name as string);
  const root = await readdir('.');
  t.deepEqual(
    sent.filter((name) => !root.includes(name)),
    [],
  );
  // The compiler reads these.
  const { include } = JSON.parse(await readFile('tsconfig.json', 'utf8'));
  for (const name of include) t.true(sent.includes(name), name);
});

test('the services of compose.yaml run commands that exist, with secrets and volumes that are defined', async (t) => {
  const { services, secrets, volumes } = parse(await readFile('deploy/docker/compose.yaml', 'utf8'));
  const { postgres, 'tn-ledger': ledger } = services;
  t.is(postgres.image, 'postgres:18');
  checkCommand(t, ledger.command, 'compose.yaml');
  t.true(ledger.read_only);
  for (const service of [postgres, ledger]) {
    for (const name of service.secrets) t.true(Object.hasOwn(secrets, name), name);
    for (const volume of service.volumes) t.true(Object.hasOwn(volumes, volume.split(':')[0]), volume);
    for (const value of Object.values<string>(service.environment)) {
      const [, name] = /^\/run\/secrets\/(.+)$/.exec(value) ?? [];
      if (name !== undefined) t.true(service.secrets.includes(name), name);
    }
  }
  for (const port of ledger.ports) t.regex(port, /^127\.0\.0\.1:/, 'only for this machine');
});

interface PodSpec {
  securityContext: object;
  containers: {
    args: string[];
    envFrom: { configMapRef: { name: string } }[];
    securityContext: object;
    volumeMounts: { name: string; mountPath: string }[];
    ports?: { name: string; containerPort: number }[];
    readinessProbe?: { httpGet: { path: string } };
  }[];
  volumes: { name: string; secret?: { defaultMode: number } }[];
}

test('the pods of Kubernetes run commands that exist, without rights, with settings and volumes that are defined', async (t) => {
  const objects = (await files('deploy/kubernetes')).flatMap(({ text }) =>
    parseAllDocuments(text).map((document) => {
      t.deepEqual(document.errors, []);
      return document.toJS();
    }),
  );
  const byKind = (kind: string) => objects.find((each) => each.kind === kind);
  const [cron, deployment, settings] = ['CronJob', 'Deployment', 'ConfigMap'].map(byKind);
  t.is(objects.length, 3);
  createTimetable(cron.spec.schedule, cron.spec.timeZone);
  t.deepEqual(deployment.spec.selector.matchLabels, deployment.spec.template.metadata.labels);
  for (const pod of [cron.spec.jobTemplate.spec.template.spec, deployment.spec.template.spec] as PodSpec[]) {
    t.like(pod.securityContext, { runAsNonRoot: true, runAsUser: 1000 });
    t.is(pod.volumes.find(({ secret }) => secret)?.secret?.defaultMode, 0o440);
    for (const { args, envFrom, securityContext, volumeMounts } of pod.containers) {
      checkCommand(t, args, args.join(' '));
      t.is(envFrom[0]?.configMapRef.name, settings.metadata.name);
      t.like(securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
      const names = volumeMounts.map(({ name }) => name);
      t.deepEqual(names.sort(), pod.volumes.map(({ name }) => name).sort());
      const mounted = volumeMounts.map(({ mountPath }) => mountPath);
      for (const [name, path] of Object.entries<string>(settings.data)) {
        if (name.endsWith('_FILE'))
          t.true(
            mounted.some((folder) => path.startsWith(`${folder}/`)),
            name,
          );
      }
    }
  }
  t.is((deployment.spec.template.spec as PodSpec).containers[0]?.readinessProbe?.httpGet.path, '/readyz');
});
