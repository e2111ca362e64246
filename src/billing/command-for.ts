import type { ReportResource } from '../dashboard/billing-reports.js';
import type { Day } from '../days.js';
import { shellWord } from '../shell-word.js';

export interface CommandOptions {
  account: string;
  type: string;
  days: { from: Day; to: Day } | undefined;
  /** API resource. */
  resource?: ReportResource;
  /** Path of an archive to load instead of requesting the report. */
  file?: string;
}

/** Returns the `tn-ledger billing` command that loads a report, for messages, ready to paste into a shell. */
export function commandFor({ account, type, days, resource, file }: CommandOptions): string {
  return [
    'tn-ledger billing',
    `--type ${type}`,
    ...(file === undefined ? [] : [`--file ${shellWord(file)}`]),
    ...(days === undefined ? [] : [`--from ${days.from} --to ${days.to}`]),
    ...(resource === 'bdrs' ? ['--via bdrs'] : []),
    `--account ${account}`,
  ].join(' ');
}
