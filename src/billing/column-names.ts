/** PostgreSQL truncates longer names; in bytes. */
const maxNameBytes = 63;

/** The ledger's own columns, and PostgreSQL's system columns. */
const reservedNames = [
  'account_id',
  'report_id',
  'file_name',
  'report_date',
  'ctid',
  'xmin',
  'xmax',
  'cmin',
  'cmax',
  'tableoid',
];

/**
 * Returns column names for the header of a CSV file: in snake_case, unique, and within PostgreSQL's limit. The same
 * header always gives the same names. A name that is already used (by an earlier column or a column that the ledger
 * adds) gets a number: `AccountId` becomes `account_id_2`.
 */
export function columnNames(header: readonly string[]): string[] {
  const taken = new Set(reservedNames);
  return header.map((text, index) => {
    const name = snakeCase(text) || `column_${index + 1}`;
    let free = cut(name, maxNameBytes);
    for (let count = 2; taken.has(free); count += 1) {
      const suffix = `_${count}`;
      free = `${cut(name, maxNameBytes - suffix.length)}${suffix}`;
    }
    taken.add(free);
    return free;
  });
}

/** `CallStartDateTime` as `call_start_date_time`, `SourceLATA` as `source_lata`. */
function snakeCase(text: string): string {
  const words = text
    .normalize('NFC')
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1_$2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, '_')
    .replace(/^_+|_+$/g, '');
  return /^\p{N}/u.test(words) ? `_${words}` : words;
}

/** Truncates a name to a number of bytes of UTF-8. */
function cut(name: string, bytes: number): string {
  let kept = '';
  let length = 0;
  for (const character of name) {
    length += Buffer.byteLength(character);
    if (length > bytes) break;
    kept += character;
  }
  return kept;
}
