/**
 * Converts a telephone number to the form stored in the ledger: ten digits for a NANP number in E.164 format (`+19199918388`,
 * which the API returns depending on account settings and endpoint). Any other text, such as a non-NANP number, is unchanged.
 */
export function toLedgerNumber(text: string): string {
  return text.length === 12 && /^\+1\d{10}$/.test(text) ? text.slice(2) : text;
}
