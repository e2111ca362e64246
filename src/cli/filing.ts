import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { ListOptions } from './output.js';
import type { CompareOptions, ExportOptions, PrepareFilingOptions } from './run-filing.js';
import type { MissingOptions } from './run-filing-missing.js';

export function define(command: DefineCommand): Command {
  const filing = command('filing')
    .description('prepare NRUF filings (FCC Form 502), and list, show, compare and export the stored ones')
    .addHelpText(
      'after',
      `
docs/filing.md describes the files, the checklist and the headings.

Examples:
  $ tn-ledger filing prepare --due 2027-02-01
  $ tn-ledger filing list
  $ tn-ledger filing compare 1`,
    );
  filing
    .command('prepare')
    .description('write and store the filings of a deadline, per OCN, and list what is missing')
    .requiredOption('--due <date>', 'deadline: February 1 or August 1 of a year, such as 2027-02-01')
    .option('--format <kinds>', 'xlsx, csv or both (xlsx,csv)', 'xlsx')
    .option('--out <folder>', 'folder of the files (default: nruf- and the reporting date, in the current folder)')
    .option('--force', 'replace files that differ')
    .option('--json', 'print JSON')
    .option('--csv', 'print the checklist as CSV')
    .addHelpText(
      'after',
      `
Exit status: 0 complete; 3 prepared, but the checklist has open items.

Examples:
  $ tn-ledger filing prepare --due 2027-02-01
  $ tn-ledger filing prepare --due 2027-02-01 --format xlsx,csv --out filings`,
    )
    .action(async (options: PrepareFilingOptions) => {
      const { session, work } = await load();
      await session((opened) => work.prepareFiling(opened, options));
    });
  filing
    .command('list')
    .description('list stored filings, newest first')
    .option('--json', 'print JSON')
    .option('--csv', 'print CSV')
    .addHelpText('after', '\nExamples:\n  $ tn-ledger filing list')
    .action(async (options: ListOptions) => {
      const { session, work } = await load();
      await session((opened) => work.printFilings(opened, options));
    });
  filing
    .command('show')
    .description('show a stored filing: its parameters, company page and rows')
    .argument('<id>', 'number of the filing')
    .option('--json', 'print JSON')
    .option('--csv', 'print the rows as CSV')
    .addHelpText('after', '\nExamples:\n  $ tn-ledger filing show 1')
    .action(async (id: string, options: ListOptions) => {
      const { session, work } = await load();
      await session((opened) => work.showFiling(opened, id, options));
    });
  filing
    .command('compare')
    .description('show, row by row, what differs between a stored filing and the ledger today, or another filing')
    .argument('<id>', 'number of the filing')
    .argument('[other]', 'number of a later filing (default: count again, as of the same day)')
    .option('--aging-days <days>', 'aging period of the new count (default: that of the filing, at least 45)')
    .option('--json', 'print JSON')
    .option('--csv', 'print CSV')
    .addHelpText('after', '\nExamples:\n  $ tn-ledger filing compare 1\n  $ tn-ledger filing compare 1 3')
    .action(async (id: string, other: string | undefined, options: CompareOptions) => {
      const { session, work } = await load();
      await session((opened) => work.compareFiling(opened, [id, other], options));
    });
  filing
    .command('export')
    .description('write the file of a stored filing again, byte for byte')
    .argument('<id>', 'number of the filing')
    .option('--out <file>', 'output file (default: its name, in the current folder)')
    .option('--force', 'replace the file if it exists')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ tn-ledger filing export 1 --out again.xlsx')
    .action(async (id: string, options: ExportOptions) => {
      const { session, work } = await load();
      await session((opened) => work.exportStored(opened, id, options));
    });
  filing
    .command('missing')
    .description("list the blocks in NANPA's Utilization Missing report that the ledger has numbers in")
    .argument('<file>', 'the report as CSV')
    .option('--as-of <date>', 'day of the numbers, or last for the last reporting date', 'last')
    .option('--json', 'print JSON')
    .option('--csv', 'print CSV')
    .addHelpText(
      'after',
      `
Exit status: 0 no block of the ledger is missing; 3 some are, or lines were rejected.

Examples:
  $ tn-ledger filing missing utilization-missing.csv --as-of 2026-12-31`,
    )
    .action(async (file: string, options: MissingOptions) => {
      const [{ processSettings, withSession }, { findMissing }] = await Promise.all([
        import('./session.js'),
        import('./run-filing-missing.js'),
      ]);
      await withSession(processSettings(), (session) => findMissing(session, file, options));
    });
  return filing;
}

async function load() {
  const [{ processSettings, withSession }, work] = await Promise.all([
    import('./session.js'),
    import('./run-filing.js'),
  ]);
  const session = (run: Parameters<typeof withSession>[1]) => withSession(processSettings(), run);
  return { session, work };
}
