import { emptyElement, listAt, type XmlElement, type XmlValue } from '../dashboard/xml.js';

// Names of elements that are known to hold nothing personal and no secret, in lower case. An element that is not named here is
// left out with all that it holds: what Bandwidth adds to its answers some day is lost rather than kept by mistake.
const harmless = new Set(
  `accountid actualfocdate actualfocdatetime additionaltns alternatespid areacode areacodesearchandordertype backorderrequested
  billingtelephonenumber cities city citysearchandordertype citywithcount closeorder code combinedsearchandordertype
  completednumbers completedquantity count countoftns createdbyuser customerorderid description disconnectedtelephonenumberlist
  disconnectmode disconnecttelephonenumberordertype enablelca endsin error errorcode errorlist errormessage errors
  existingtelephonenumberordertype failednumbers failedquantity fullnumber id immediately lastmodifiedby lastmodifieddate lata
  latas latasearchandordertype latawithcount listofphonenumbers localvanity losingcarrierid losingcarrieriswireless
  internal loatype losingcarriername losingcarrierspid newbillingtelephonenumber npanxx npanxxsearchandordertype npanxxx order ordercompletedate
  ordercreatedate orderdate orderid orderrequest orderstatus ordertype partialallowed partialport peerid pendingquantity
  phonenumber pon portintelephonenumber porttype portoutstatus processingstatus protected quantity ratecenter ratecenters
  ratecentersearchandordertype ratecenterwithcount requestedfocdate reservationid reservationidlist responsestatus sippeerid siteid spid
  state states statesearchandordertype statewithcount status subscriber telephonenumber telephonenumberdetails
  telephonenumberlist telephonenumbers telephonenumbersassignmentorder tier tiers tierwithcount tn tnattribute tnattributes
  tollfreevanity tollfreevanitysearchandordertype tollfreewildcardpattern tollfreewildcharsearchandordertype totalquantity
  triggered userid vendor vendorid vendorname vendors vendorwithcount zip zipsearchandordertype`.split(/\s+/),
);

/** Elements of which only some children are harmless: a subscriber's kind is, his name and address are not. */
const onlyWithin: ReadonlyMap<string, ReadonlySet<string>> = new Map([['subscriber', new Set(['subscribertype'])]]);

/** Sentences, which may quote what stands elsewhere in the answer: a PIN that the losing carrier refused. */
const sentences = new Set(['description', 'errormessage']);

/**
 * What of an order's payload may be kept: everything but subscribers' names and addresses, PINs, carrier account numbers, and
 * whatever else is not known to be harmless, at any depth and in any case of the names. Where a sentence repeats a value that is
 * left out, `[left out]` stands in its place. Undefined where nothing is left.
 */
export function withoutPersonalData(element: XmlElement): XmlElement | undefined {
  const leftOut = new Set<string>();
  const kept = keepHarmless(element, harmless, leftOut);
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
    const harmlessChild = keepHarmless(child, onlyWithin.get(known) ?? harmless, leftOut);
    if (harmlessChild !== undefined) kept[name] = harmlessChild;
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
}

function holdsText(value: XmlValue): boolean {
  return Array.isArray(value) ? value.some(holdsText) : typeof value === 'string';
}

function collectTexts(value: XmlValue, texts: Set<string>): void {
  if (typeof value === 'string') texts.add(value);
  else for (const child of Array.isArray(value) ? value : Object.values(value)) collectTexts(child, texts);
}

/** Matches any of the texts where it stands as a word of its own; single characters would match too much. */
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
