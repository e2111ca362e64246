import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { accountsToCount } from '../src/cli/accounts-to-count.js';
import {
  accountNamed,
  apiOf,
  billingOf,
  ConfigError,
  loadConfig,
  scheduleGroups,
  titleOfAccount,
} from '../src/config.js';

const usual = { BANDWIDTH_CLIENT_ID: 'usual', BANDWIDTH_CLIENT_SECRET: 'usual-secret' };

function load(
  t: ExecutionContext,
  file: string,
  { env = {}, files = {} as Record<string, string>, needsApi = true } = {},
) {
  const cwd = mkdtempSync(join(tmpdir(), 'tn-ledger-accounts-'));
  t.teardown(() => rmSync(cwd, { recursive: true }));
  for (const [name, text] of Object.entries({ 'accounts.yaml': file, ...files })) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  const source = { env: { TN_LEDGER_ACCOUNTS_FILE: 'accounts.yaml', ...env }, cwd };
  return loadConfig({ ...source, needsApi: needsApi as true });
}

function problemsOf(t: ExecutionContext, file: string, options?: Parameters<typeof load>[2]): readonly string[] {
  const error = t.throws(() => load(t, file, options), { instanceOf: ConfigError });
  return error?.problems ?? [];
}

test('the documented example has two sets of credentials and settings per account', (t) => {
  const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/accounts.md', 'utf8'))?.[1] ?? '';
  const config = load(t, example, { env: { WEST_PASSWORD: 'pw' }, files: { 'secrets/east': 'east-secret\n' } });
  t.deepEqual(config.accounts, ['9900008', '9900009', '9900010']);
  const [east, west, third] = config.accounts.map((account) => apiOf(config, account));
  t.like(east?.credentials, { kind: 'oauth', name: 'east', clientId: '4d2f7a90-east', clientSecret: 'east-secret' });
  t.like(west?.credentials, { kind: 'basic', name: 'west', username: 'ledger-west', password: 'pw' });
  t.is(third?.credentials, east?.credentials);
  t.deepEqual([east?.apiUrl, west?.apiUrl], ['https://api.bandwidth.com/api', 'https://dashboard.bandwidth.com/api']);
  t.deepEqual(
    [east, west].map((api) => [api?.requestsPerMinute, api?.concurrency]),
    [
      [100, 4],
      [60, 2],
    ],
  );
  t.deepEqual(
    config.accounts.map((account) => billingOf(config, account).types),
    [['BDR'], ['BDR', 'MDR'], []],
  );
  t.deepEqual(scheduleGroups(config), [
    { source: 'TN_LEDGER_SCHEDULE', expression: '0 2 * * *', accounts: ['9900008', '9900010'] },
    { source: 'schedule early', expression: '30 0 * * *', accounts: ['9900009'] },
  ]);
  t.deepEqual(accountsToCount(config, { account: [], ocn: '123a' }), ['9900008']);
  t.throws(() => accountsToCount(config, { account: [], ocn: '999Z' }), { message: /No account has the OCN "999Z"/ });
  t.throws(() => accountsToCount(config, { account: ['9900008'], ocn: '123A' }), { message: /cannot be combined/ });
  t.deepEqual(accountsToCount(config, { account: ['East,9900010'] }), ['9900008', '9900010']);
  t.is(accountNamed(config, 'West'), '9900009');
  t.is(accountNamed(config, '9900010'), '9900010');
  t.is(titleOfAccount(config, '9900008'), '9900008 (East)');
  t.deepEqual([...config.secrets].sort(), ['east-secret', 'pw']);
});

test('a JSON file works too; accounts without credentials use those of the variables', (t) => {
  const file = JSON.stringify({ accounts: [{ id: '0012' }, { id: 'a-b', label: 'B' }] });
  const config = load(t, file, { env: usual });
  t.deepEqual(config.accounts, ['0012', 'a-b']);
  t.like(apiOf(config, 'a-b').credentials, { clientId: 'usual', clientSecret: 'usual-secret' });
});

test('an ID keeps its leading zeros', (t) => {
  t.deepEqual(load(t, 'accounts:\n  - id: 0012\n', { env: usual }).accounts, ['0012']);
});

test('a command that does not use the API needs none of the secrets', (t) => {
  const file =
    'credentials:\n  a: {client_id: x, client_secret: {file: none}}\naccounts: [{id: 1, label: A, credentials: a}]';
  const config = load(t, file, { needsApi: false });
  t.deepEqual(config.accounts, ['1']);
  t.is(titleOfAccount(config, '1'), '1 (A)');
});

test('mistakes are reported with their line, and a suggestion for a misspelled key', (t) => {
  const file = `credentials:
  east:
    client_id: x
    client_secret: in-the-file
  none:
    clientid: x
accounts:
  - id: 9900008
    request_per_minute: 5
    concurrency: 0
    credentials: est
  - label: a,b
    billing_types: BDR
accounst: []
`;
  t.deepEqual(problemsOf(t, file).toSorted(), [
    'accounts.yaml:10: accounts[1].concurrency must be a whole number of at least 1, such as 4',
    'accounts.yaml:12: accounts[2].id is missing',
    'accounts.yaml:12: accounts[2].label must have at most 60 characters and no comma',
    'accounts.yaml:13: accounts[2].billing_types must be a list, such as [BDR, MDR] (empty: none)',
    'accounts.yaml:14: accounst is not a setting; did you mean accounts?',
    'accounts.yaml:9: accounts[1].request_per_minute is not a setting; did you mean requests_per_minute?',
  ]);
  const credentials = `${file.slice(0, file.indexOf('accounts:'))}accounts: [{id: 1, credentials: est}, {id: 1}]\n`;
  t.deepEqual(problemsOf(t, credentials, { env: usual }).toSorted(), [
    "accounts.yaml:4: credentials.east.client_secret must be {file: NAME} or {variable: NAME}: secrets don't belong in this file",
    'accounts.yaml:6: credentials.none.client_id is missing',
    'accounts.yaml:6: credentials.none.client_secret is missing',
    'accounts.yaml:6: credentials.none.clientid is not a setting; did you mean client_id?',
    'accounts.yaml:7: accounts[1].credentials names no credentials of this file; did you mean east?',
    'accounts.yaml:7: accounts[2].id is the same as accounts[1].id',
  ]);
});

test('a schedule must be a cron expression, and one that the file has', (t) => {
  const file = 'schedules: {early: 0 0 25 * *, odd: 99 0 * * *}\naccounts: [{id: 1, schedule: erly}]\n';
  const problems = problemsOf(t, file, { env: usual });
  t.regex(problems[0] ?? '', /^accounts\.yaml:1: schedules\.odd must be a cron expression, such as 0 2 \* \* \*/);
  t.deepEqual(problemsOf(t, file.replace('99', '9'), { env: usual }), [
    'accounts.yaml:2: accounts[1].schedule names no schedule of this file; did you mean early?',
  ]);
});

test('a secret that can’t be read is reported with the line that names it', (t) => {
  const file = `credentials:
  a: {client_id: x, client_secret: {file: none}}
  b: {username: x, password: {variable: NOT_SET}}
accounts: [{id: 1, credentials: a}, {id: 2, credentials: b}]
`;
  const problems = problemsOf(t, file);
  t.regex(
    problems[0] ?? '',
    /^accounts\.yaml:2: credentials\.a\.client_secret names a file that cannot be read \(ENOENT/,
  );
  t.is(problems[1], 'accounts.yaml:3: credentials.b.password names the variable NOT_SET, which is not set');
  t.is(problems.length, 2);
});

test('a variable that the file names is not reported as unknown', (t) => {
  const file =
    'credentials:\n  a: {client_id: x, client_secret: {variable: BANDWIDTH_EAST}}\naccounts: [{id: 1, credentials: a}]';
  const config = load(t, file, { env: { BANDWIDTH_EAST: 'secret', BANDWIDTH_WEST: 'unused' } });
  t.deepEqual(
    config.unknownVariables.map(({ name }) => name),
    ['BANDWIDTH_WEST'],
  );
});

test('invalid YAML, an empty file and a missing one are configuration errors', (t) => {
  t.regex(problemsOf(t, 'accounts: [\n').join('\n'), /^accounts\.yaml:\d+: is not valid YAML or JSON/);
  t.regex(problemsOf(t, 'accounts: *none').join('\n'), /^accounts\.yaml: is not valid YAML or JSON \(Unresolved alias/);
  t.deepEqual(problemsOf(t, ''), ['accounts.yaml:1: the file must have a list of accounts']);
  t.regex(
    problemsOf(t, '', { env: { TN_LEDGER_ACCOUNTS_FILE: 'none.yaml' } }).join('\n'),
    /^TN_LEDGER_ACCOUNTS_FILE names a file that cannot be read \(ENOENT/,
  );
});

test('a list as a key is an unknown key, and no warning of a library', async (t) => {
  const warnings: string[] = [];
  const keep = ({ message }: Error) => void warnings.push(message);
  process.on('warning', keep);
  t.teardown(() => process.off('warning', keep));
  t.regex(problemsOf(t, '? [accounts, x]\n: y\naccounts:\n  - id: 9900009').join('\n'), /\[ accounts, x \]/);
  // Node.js emits warnings after the code that causes them.
  await new Promise(setImmediate);
  t.deepEqual(warnings, []);
});

test('BANDWIDTH_ACCOUNT_ID and an accounts file together are an error', (t) => {
  t.deepEqual(problemsOf(t, 'accounts: [{id: 1}]', { env: { ...usual, BANDWIDTH_ACCOUNT_ID: '1' } }), [
    'BANDWIDTH_ACCOUNT_ID and TN_LEDGER_ACCOUNTS_FILE are both set: remove one of them',
  ]);
});
