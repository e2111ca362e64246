import type { XmlElement, XmlValue } from './xml.js';

/**
 * A telephone number as the ledger stores it: ten digits for a NANP number that the API spells as E.164 (`+19199918388`, which
 * depends on the account's settings and may differ from list to list). Any other text stays as it is, non-NANP numbers with their `+`.
 */
export function toLedgerNumber(text: string): string {
  return text.length === 12 && /^\+1\d{10}$/.test(text) ? text.slice(2) : text;
}

/** Names of elements whose text is a telephone number: `FullNumber`, `Tn`, `TelephoneNumber`, `BillingTelephoneNumber`, … */
const numberElement = /(?:phonenumbers?|fullnumber|^(?:reserved)?tns?)$/i;

/** Whether an element of this name holds a telephone number as its text. */
export function isNumberElement(name: string): boolean {
  return numberElement.test(name);
}

/** Whether an XML document may spell a number as E.164: one look at the text spares most documents the search in its elements. */
export function mayHoldE164(xml: string): boolean {
  // A character reference may stand for the plus sign or the digit.
  return xml.includes('+1') || xml.includes('&#');
}

/** Brings the telephone numbers of an element into the ledger's form, at any depth. It changes the element itself. */
export function normalizeNumbers(element: XmlElement): void {
  for (const name of Object.keys(element)) {
    element[name] = normalizeValue(element[name] as XmlValue, isNumberElement(name));
  }
}

function normalizeValue(value: XmlValue, isNumber: boolean): XmlValue {
  if (typeof value === 'string') return isNumber ? toLedgerNumber(value) : value;
  if (Array.isArray(value)) return value.map((each) => normalizeValue(each, isNumber));
  normalizeNumbers(value);
  return value;
}
