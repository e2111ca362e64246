/**
 * How to fix a failed run, with a command.
 *
 * @param hint of its error; null if it has none
 * @param command runs it again
 */
export function fixOf(hint: string | null, command: string): string {
  if (hint?.includes('tn-ledger ')) return hint;
  return `${hint === null ? '' : `${hint} `}To run it again: \`${command}\``;
}
