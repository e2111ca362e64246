import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { GetFileOptions } from './get-file.js';
import type { FilesOptions } from './print-files.js';

export function define(command: DefineCommand): Command {
  const files = command('files')
    .description(
      'list the files in the database: submitted files, their results, and the latest report of each account',
    )
    .option('--account <id>', 'only files of this account')
    .option('--limit <count>', 'maximum number of submitted files, and of result files, newest first', '50')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Submitted files that are waiting, open or failed are listed regardless of --limit.

Examples:
  $ tn-ledger files
  $ tn-ledger files get 8
  $ tn-ledger files get numbers.results.csv --out -
  $ tn-ledger files acknowledge 7`,
    )
    .action(async (options: FilesOptions) => {
      const [{ processSettings, withSession }, { printFiles }] = await Promise.all([
        import('./session.js'),
        import('./print-files.js'),
      ]);
      await withSession(processSettings(), (session) => printFiles(session, options));
    });
  files
    .command('get')
    .description(
      "read a file back: byte for byte, but results with the submitted file's own columns if you may read it",
    )
    .argument('<file>', 'number or name; of several files with the name, the newest')
    .option('--account <id>', 'only files of this account; required if several accounts have files with the name')
    .option('--out <file>', 'output file, or - for standard output (default: its name, in the current folder)')
    .option('--force', 'replace the output file if it exists')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ tn-ledger files get 8 --out results.csv')
    // An option that the parent has too is parsed by the parent.
    .action(async (file: string, _own: GetFileOptions, self: Command) => {
      const [{ processSettings, withSession }, { getFile }] = await Promise.all([
        import('./session.js'),
        import('./get-file.js'),
      ]);
      const options = self.optsWithGlobals<GetFileOptions>();
      await withSession(processSettings(), (session) => getFile(session, file, options));
    });
  files
    .command('acknowledge')
    .description('acknowledge a file that failed, so that status no longer lists it')
    .argument('<number>', 'number of the submitted file')
    .option('--account <id>', 'only a file of this account')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ tn-ledger files acknowledge 7')
    .action(async (file: string, _own: FilesOptions, self: Command) => {
      const [{ processSettings, withSession }, { acknowledgeSubmitted }] = await Promise.all([
        import('./session.js'),
        import('./acknowledge-file.js'),
      ]);
      const options = self.optsWithGlobals<FilesOptions>();
      await withSession(processSettings(), (session) => acknowledgeSubmitted(session, file, options));
    });
  return files;
}
