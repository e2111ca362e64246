import { execFileSync } from 'node:child_process';
import test from 'ava';
import { completionScript } from '../../src/cli/completion-script.js';
import { buildProgram } from '../../src/cli/program.js';

const script = completionScript(await buildProgram(), ['nightly', 'sync-orders', 'sync-portins'], 'bash');

/** What Tab offers after these words, the last of which is incomplete. */
function offered(...words: string[]): string[] {
  const program = `${script}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tn_ledger; echo "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', program, 'bash', 'tn-ledger', ...words], { encoding: 'utf8' })
    .trim()
    .split(/\s+/);
}

test('commands, subcommands, jobs and options are completed', (t) => {
  t.deepEqual(offered('sta'), ['status']);
  t.deepEqual(offered('files', ''), ['get', 'acknowledge']);
  t.deepEqual(offered('run', 'sync'), ['sync-orders', 'sync-portins']);
  t.deepEqual(offered('run', 'nightly', '--ac'), ['--account', '--accept-shrink']);
  t.deepEqual(offered('files', 'get', '8', '--o'), ['--out']);
});

test('where nothing is known, the shell completes file names', (t) => {
  t.deepEqual(offered('assign', 'numbers'), ['']);
  t.regex(script, /^complete -o default -F _tn_ledger tn-ledger$/m);
});

test('the script for fish has every command and option', async (t) => {
  const program = await buildProgram();
  const fish = completionScript(program, [], 'fish');
  for (const command of program.commands) {
    t.regex(fish, new RegExp(`^complete .* -a ${command.name()} -d '`, 'm'));
    for (const { long } of command.options) {
      t.true(fish.includes(`'__fish_seen_subcommand_from ${command.name()}' -l ${long?.slice(2)} -d '`), long ?? '');
    }
  }
});
