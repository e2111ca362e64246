import { sep } from 'node:path';
import { shellWord } from '../shell-word.js';
import type { Action } from './action.js';
import { PlanRefusedError } from './max-change.js';
import type { Rejection } from './rejected-files.js';
import { TooManyRejectsError } from './too-many-rejects.js';

export interface RejectedPlace {
  /** The file's current path. */
  path: string;
  /** The folder that it came from, relative to the data folder. */
  inboxFolder: string;
  /** Name of the file next to it that lists the rejected lines. */
  rejectedFile: string;
  action: Action | undefined;
  /** It is a list of numbers in use. */
  reconcile: { prune: boolean } | undefined;
  /** The file's account, if the command needs to name it. */
  account: string | undefined;
}

/**
 * The text next to a rejected file, for the person who submitted it: why it was rejected, where it is, and what to
 * do.
 */
export function describeRejection(error: Rejection, place: RejectedPlace): string {
  const { path, inboxFolder } = place;
  const folder = `${inboxFolder.split(sep).join('/')}/`;
  const lines = [error.describe(path), `The file is now ${path}. None of it was submitted.`, '', 'What to do:'];
  if (error instanceof TooManyRejectsError) {
    lines[0] = `${path}: ${error.describe()}`;
    lines.push(
      `Fix the lines listed in ${place.rejectedFile}, and put the corrected file in ${folder} again.`,
      `Or have an operator submit the other lines as they are: ${operatorCommand(place, '--allow-rejects')}`,
    );
  } else if (error instanceof PlanRefusedError) {
    lines[0] = `${path}: ${error.describe()}`;
    lines.push(
      `${error.fix} Then put the file in ${folder} again.`,
      `Or have an operator look at the plan and apply it: ${operatorCommand(place, error.option)}`,
    );
  } else {
    if (error.fix !== undefined) lines.push(error.fix);
    lines.push(
      place.action === undefined && place.reconcile === undefined
        ? `Then put the file in the inbox again; it came from ${folder}.`
        : `Then put the file in ${folder} again.`,
    );
  }
  lines.push(
    '',
    `Until then, reports and \`tn-ledger status\` list it as batch ${error.batchId}. If it is no longer needed, an operator can acknowledge it: tn-ledger assignments ${error.batchId} --acknowledge`,
  );
  return `${lines.join('\n')}\n`;
}

function operatorCommand({ path, action, reconcile, account }: RejectedPlace, option: string): string {
  const parts = [reconcile === undefined ? 'tn-ledger assign' : 'tn-ledger reconcile', shellWord(path), option];
  if (reconcile !== undefined) parts.push('--apply');
  if (reconcile?.prune) parts.push('--prune');
  if (action !== undefined) parts.push(`--action ${action}`);
  if (account !== undefined) parts.push(`--account ${account}`);
  return parts.join(' ');
}
