import { emptyElement, listAt, type XmlElement, type XmlValue } from '../dashboard/xml.js';

// An allow list: lower-case names of elements that hold no personal data or secrets in any order's payload. Resource descriptions
// add their own. Any other element is dropped with its contents, so that an element that Bandwidth adds later is never stored by
// mistake.
const harmless = wordsIn(`
  accountid city code count countoftns createdbyuser customerorderid description error errorcode errorlist errormessage
  errors failedquantity fullnumber id lastmodifiedby lastmodifieddate lata order ordercompletedate ordercreatedate
  orderdate orderid orderrequest orderstatus ordertype peerid pendingquantity processingstatus quantity ratecenter
  responsestatus siteid state status telephonenumber telephonenumberdetails telephonenumberlist telephonenumbers tier tn
  tnattribute tnattributes totalquantity userid vendor vendorid vendorname`);

/** Elements with only some harmless children: a subscriber's type is harmless, the name and address are not. */
const onlyWithin: ReadonlyMap<string, ReadonlySet<string>> = new Map([['subscriber', new Set(['subscribertype'])]]);

/** Free text that may quote other parts of the response, such as a PIN that the losing carrier rejected. */
const sentences = new Set(['description', 'errormessage']);

/**
 * Returns the part of an order's payload that may be stored. It drops subscribers' names and addresses, PINs, carrier account
 * numbers, and anything else not known to be harmless, at any depth and regardless of case. If free text repeats a dropped value,
 * `[left out]` replaces it. Returns undefined if nothing is left.
 *
 * @param own names of additional elements that are harmless in this resource's payload
 */
export function withoutPersonalData(element: XmlElement, own: string): XmlElement | undefined {
  const leftOut = new Set<string>();
  const kept = keepHarmless(element, new Set([...harmless, ...wordsIn(own)]), leftOut);
  if (kept === undefined || typeof kept === 'string' || Array.isArray(kept)) return undefined;
  if (leftOut.size > 0) hide(kept, wordsOf(leftOut));
  return kept;
}

function keepHarmless(value: XmlValue, allowed: ReadonlySet<string>, leftOut: Set<string>): XmlValue | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (Array.isArray(value)) {
    const items = value.flatMap((item) => keepHarmless(item, allowed, leftOut) ?? []);
    return items.length === 0 ? undefined : items;
  }
  const kept = emptyElement();
  for (const [name, child] of Object.entries(value)) {
    const known = name.toLowerCase();
    if (!allowed.has(known) || (onlyWithin.has(known) && holdsText(child))) {
      collectTexts(child, leftOut);
      continue;
    }
    const harmlessChild = keepHarmless(child, onlyWithin.get(known) ?? allowed, leftOut);
    if (harmlessChild !== undefined) kept[name] = harmlessChild;
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}

function wordsIn(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function holdsText(value: XmlValue): boolean {
  return Array.isArray(value) ? value.some(holdsText) : typeof value === 'string';
}

function collectTexts(value: XmlValue, texts: Set<string>): void {
  if (typeof value === 'string') texts.add(value);
  else for (const child of Array.isArray(value) ? value : Object.values(value)) collectTexts(child, texts);
}

/** Matches any of the texts as a whole word. Single characters are skipped: they would match too much. */
function wordsOf(texts: ReadonlySet<string>): RegExp | undefined {
  const longestFirst = [...texts].filter((text) => text.length > 1).sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return undefined;
  const alternatives = longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${alternatives.join('|')})(?![\\p{L}\\p{N}])`, 'giu');
}

function hide(element: XmlElement, words: RegExp | undefined): void {
  if (words === undefined) return;
  for (const name of Object.keys(element)) {
    const values = listAt(element, name).map((value) => {
      if (typeof value === 'string')
        return sentences.has(name.toLowerCase()) ? value.replace(words, '[left out]') : value;
      if (!Array.isArray(value)) hide(value, words);
      return value;
    });
    element[name] = Array.isArray(element[name]) ? values : (values[0] as XmlValue);
  }
}
