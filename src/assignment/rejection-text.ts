import { sep } from 'node:path';
import type { Action } from './action.js';
import type { Rejection } from './rejected-files.js';
import { TooManyRejectsError } from './too-many-rejects.js';

export interface RejectedPlace {
  /** Where the file is now. */
  path: string;
  /** The folder that it came from, below the data folder. */
  inboxFolder: string;
  /** Name of the file beside it that names the rejected lines. */
  rejectedFile: string;
  action: Action | undefined;
  /** The file's account, where the command line has to name it. */
  account: string | undefined;
}

/** What somebody who drops files into the inbox finds beside a rejected one: why it was rejected, where it is, and what to do. */
export function describeRejection(error: Rejection, place: RejectedPlace): string {
  const { path, inboxFolder } = place;
  const folder = `${inboxFolder.split(sep).join('/')}/`;
  const lines = [error.describe(path), `The file is now ${path}. Nothing of it was submitted.`, '', 'What to do:'];
  if (error instanceof TooManyRejectsError) {
    lines[0] = `${path}: ${error.describe()}`;
    lines.push(
      `Fix the lines named in ${place.rejectedFile}, and drop the corrected file into ${folder} again.`,
      `Or submit the other lines as they are; an operator can do that with: ${operatorCommand(place)}`,
    );
  } else {
    if (error.fix !== undefined) lines.push(error.fix);
    lines.push(
      place.action === undefined
        ? `Then drop the file into the inbox again; it came from ${folder}.`
        : `Then drop the file into ${folder} again.`,
    );
  }
  lines.push(
    '',
    `Until then, reports and \`tn-ledger status\` list it as batch ${error.batchId}. If it is not needed any more, an operator can end that with: tn-ledger assignments ${error.batchId} --acknowledge`,
  );
  return `${lines.join('\n')}\n`;
}

function operatorCommand({ path, action, account }: RejectedPlace): string {
  const parts = ['tn-ledger assign', quoted(path), '--allow-rejects'];
  if (action !== undefined) parts.push(`--action ${action}`);
  if (account !== undefined) parts.push(`--account ${account}`);
  return parts.join(' ');
}

/** For a shell. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
