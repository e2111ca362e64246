/** PostgreSQL cuts names off after so many bytes. */
const longestName = 63;

/** What every table has as a column of its own, and what PostgreSQL calls its hidden ones. */
const takenNames = [
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
 * Names of columns for the header of a CSV file: in snake_case, each one once, none longer than PostgreSQL allows. The same
 * header gives the same names. A name that is taken (by an earlier column, by a column that the ledger adds) gets a number:
 * `AccountId` is `account_id_2`.
 */
export function columnNames(header: readonly string[]): string[] {
  const taken = new Set(takenNames);
  return header.map((text, index) => {
    const name = snakeCase(text) || `column_${index + 1}`;
    let free = cut(name, longestName);
    for (let count = 2; taken.has(free); count += 1) {
      const suffix = `_${count}`;
      free = `${cut(name, longestName - suffix.length)}${suffix}`;
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

/** As much of a name as fits into so many bytes of UTF-8. */
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
