/**
 * Sentences that Bandwidth's API reference shows in histories, in lower case: its system writes them, and they are the same for all
 * orders. Any other text may quote what a carrier or a user wrote.
 */
export const standardSentences: readonly string[] = [
  'draft order has been created/updated',
  'loa required',
  'order backordered - awaiting additional numbers',
  'order has been created',
  'order has been submitted/updated',
  'order is complete',
  'order waiting for activation',
];

/** The error code that a text begins with: `7999: E37 TN not found in PPS (PPS)`. */
const leadingCode = /^(\d{3,5})(?=\s*:)/;

/** A difference begins with the name of the field: `SiteId : 0 --> 743`. */
const changedField = /^([A-Za-z][A-Za-z0-9_.]{0,62}) *:/;

/** The texts of an event as they are stored. */
export interface EventTexts {
  note: string | null;
  noteCode: string | null;
  changedFields: string[];
  difference: string | null;
  freeText: 'kept' | 'left out' | null;
}

/** Decides which texts of an event are stored: free text only if `keepNotes`. */
export function textsOf(notes: readonly string[], differences: readonly string[], keepNotes: boolean): EventTexts {
  const note = notes.join('\n');
  const isFree = note !== '' && !isStandard(note);
  const hasFreeText = isFree || differences.length > 0;
  return {
    note: note === '' || (isFree && !keepNotes) ? null : note,
    noteCode: leadingCode.exec(note)?.[1] ?? null,
    changedFields: differences.flatMap((difference) => changedField.exec(difference)?.[1] ?? []),
    difference: differences.length === 0 || !keepNotes ? null : differences.join('\n'),
    freeText: hasFreeText ? (keepNotes ? 'kept' : 'left out') : null,
  };
}

function isStandard(text: string): boolean {
  return standardSentences.includes(text.replaceAll(/\s+/g, ' ').toLowerCase());
}
