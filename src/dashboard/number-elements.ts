import { toLedgerNumber } from '../telephone-number.js';
import type { XmlElement, XmlValue } from './xml.js';

/** Names of elements whose text is a telephone number: `FullNumber`, `Tn`, `TelephoneNumber`, `BillingTelephoneNumber`, … */
const numberElement = /(?:phonenumbers?|fullnumber|^(?:reserved)?tns?)$/i;

/** Whether the text of an element with this name is a telephone number. */
export function isNumberElement(name: string): boolean {
  return numberElement.test(name);
}

/**
 * Whether an XML document may contain an E.164 number. A quick check, so most documents need no search of their
 * elements.
 */
export function mayHoldE164(xml: string): boolean {
  // The plus sign or the digit may be a character reference.
  return xml.includes('+1') || xml.includes('&#');
}

/** Converts telephone numbers in an element, at any depth, to the ledger's format. Modifies the element. */
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
