import { toLedgerNumber } from '../telephone-number.js';
import type { DashboardClient } from './client.js';
import { toTimestamp } from './dates.js';
import { isUnknownOrMalformed } from './errors.js';
import { isElement, listAt, parseXml, textAt, type XmlElement, XmlError, type XmlValue } from './xml.js';

// The resources of a single number, below `/tns/{tn}`. Its features have names and addresses of subscribers: only their outcomes are
// read.

/** An event in the life of a number: an order that changed its status or a feature. Dates are ISO 8601 in UTC. */
export interface NumberEvent {
  /** The account that had the number. It may be any customer's. */
  accountId: string | undefined;
  at: string | undefined;
  orderCreateDate: string | undefined;
  orderId: string | undefined;
  orderType: string | undefined;
  /** Only some types of orders have one. */
  orderStatus: string | undefined;
  /** Status of the number from then on. */
  status: string | undefined;
  userId: string | undefined;
  /** Names of further elements, and of dates that aren't dates. */
  other: string[];
}

interface Named {
  id: string | undefined;
  name: string | undefined;
}

/** Where a number is and what it can do, in one account. */
export interface NumberService {
  accountId: string | undefined;
  site: Named | undefined;
  sipPeer: Named | undefined;
  isDefaultPeer: boolean | undefined;
  serviceTypes: string[];
  /** Texts of `MessagingSettings` by path: `AssignedNNRoute.Name`. */
  messaging: Record<string, string>;
  attributes: string[];
}

/** The details of a number. Dates are ISO 8601 in UTC. */
export interface SingleNumberDetails extends NumberService {
  number: string;
  status: string | undefined;
  city: string | undefined;
  lata: string | undefined;
  state: string | undefined;
  rateCenter: string | undefined;
  tier: string | undefined;
  vendorId: string | undefined;
  vendorName: string | undefined;
  onNetVendor: string | undefined;
  /** Of numbers outside the North American Numbering Plan. */
  country: string | undefined;
  tnType: string | undefined;
  lastModified: string | undefined;
  inServiceDate: string | undefined;
  /** Outcomes of the orders for its features, by feature: E911, Lidb, Dlda. */
  features: Record<string, string>;
  /** The other accounts that a hosted number is in service on. */
  hosted: NumberService[];
  /** Names of further elements, and of dates that aren't dates. */
  other: string[];
}

/** Bandwidth's hold of a number that nobody has yet, for four hours. */
export interface NumberReservation {
  reservationId: string | undefined;
  accountId: string | undefined;
  /** Seconds until it ends. */
  expiresIn: number | undefined;
}

export interface NumberRequest {
  client: DashboardClient;
  /** Its credentials are used, and the request counts toward its rate limit. */
  account: string;
  /** As the ledger spells it. */
  number: string;
  /** The spellings to try; by default, all. */
  spellings?: readonly string[];
  signal?: AbortSignal;
}

/** What the API has, and the spelling of the number under which it was found. */
export interface Found<T> {
  value: T;
  spelling: string;
}

/** The spellings under which the API may know a number: accounts with the E.164 format may need `+1`. */
export function spellingsOf(number: string): string[] {
  return /^\d{10}$/.test(number) ? [number, `+1${number}`] : [number];
}

/**
 * Reads the events of a number, oldest first.
 *
 * @returns undefined: the API doesn't know the number (404), or has no events of it (204)
 * @throws {ApiError} 400: not a telephone number; 403: the role is missing
 */
export function readNumberHistory(request: NumberRequest): Promise<Found<NumberEvent[]> | undefined> {
  return readOne(request, 'history', (document) => {
    const statuses = document.TelephoneNumberResponse;
    if (!isElement(statuses) || statuses.TelephoneNumberStatuses === undefined)
      throw missing('TelephoneNumberStatuses');
    checkNumber(textAt(statuses, 'TelephoneNumber'), request.number);
    const items = listAt(statuses, 'TelephoneNumberStatuses.TelephoneNumberStatus').filter(isElement);
    const events = items.map(toEvent);
    return events.sort((a, b) => timeOf(a) - timeOf(b));
  });
}

/** Reads the details of a number. Returns and throws as `readNumberHistory`. */
export function readSingleNumber(request: NumberRequest): Promise<Found<SingleNumberDetails> | undefined> {
  return readOne(request, 'tndetails', (document) => {
    const root = document.TelephoneNumberResponse;
    const [details] = isElement(root) ? listAt(root, 'TelephoneNumberDetails') : [];
    if (!isElement(details)) throw missing('TelephoneNumberDetails');
    checkNumber(textAt(details, 'FullNumber'), request.number);
    return toDetails(details, request.number);
  });
}

/** Reads the reservation of a number; undefined: nobody holds it, as far as the credentials can see. Throws as `readNumberHistory`. */
export function readReservation(request: NumberRequest): Promise<Found<NumberReservation> | undefined> {
  return readOne(request, 'tnreservation', (document) => {
    const root = document.TNReservation;
    if (!isElement(root)) throw missing('TNReservation');
    const fields = fieldsOf(root);
    checkNumber(fields.text('ReservedTN'), request.number);
    const seconds = fields.text('ReservationExpires');
    return {
      reservationId: fields.text('ReservationID'),
      accountId: fields.text('Account') ?? fields.text('AccountId'),
      expiresIn: seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) : undefined,
    };
  });
}

/** Asks for each spelling until the API knows one. */
async function readOne<T>(
  { client, account, number, spellings = spellingsOf(number), signal }: NumberRequest,
  resource: string,
  parse: (document: XmlElement) => T,
): Promise<Found<T> | undefined> {
  let malformed: unknown;
  let isUnknown = false;
  for (const spelling of spellings) {
    try {
      const value = await client.get({
        account,
        path: `/tns/${encodeURIComponent(spelling)}/${resource}`,
        accept: [204, 404],
        parse: ({ status, text }) => {
          // A 404 that isn't XML doesn't come from the API.
          const document = text.trim() === '' ? undefined : parseXml(text);
          if (status === 204 || status === 404) return undefined;
          if (document === undefined) throw new XmlError('an empty body');
          return parse(document);
        },
        ...(signal === undefined ? {} : { signal }),
      });
      if (value !== undefined) return { value, spelling };
      isUnknown = true;
    } catch (error) {
      if (!isUnknownOrMalformed(error)) throw error;
      malformed ??= error;
    }
  }
  if (isUnknown || malformed === undefined) return undefined;
  throw malformed;
}

/** Events without a date come first. */
const timeOf = ({ at }: NumberEvent) => (at === undefined ? 0 : Date.parse(at));

function missing(name: string): XmlError {
  return new XmlError(`expected <${name}>`);
}

function checkNumber(found: string | undefined, number: string): void {
  if (found !== undefined && toLedgerNumber(found) !== number)
    throw new XmlError(`expected the number ${number}, got ${JSON.stringify(found)}`);
}

function toEvent(element: XmlElement): NumberEvent {
  const fields = fieldsOf(element);
  return {
    accountId: fields.text('AccountId'),
    at: fields.date('LastModifiedDate'),
    orderCreateDate: fields.date('OrderCreateDate'),
    orderId: fields.text('OrderId'),
    orderType: fields.text('OrderType'),
    orderStatus: fields.text('OrderStatus'),
    status: fields.text('Status'),
    userId: fields.text('UserId'),
    other: fields.rest(),
  };
}

function toDetails(element: XmlElement, number: string): SingleNumberDetails {
  const fields = fieldsOf(element);
  fields.text('FullNumber');
  const other: string[] = [];
  const features: Record<string, string> = {};
  const ofFeatures = fields.element('Features');
  for (const [name, path] of Object.entries(outcomes)) {
    const outcome = textAt(ofFeatures, `${name}.${path}`);
    if (outcome) features[name] = outcome;
  }
  for (const name of Object.keys(ofFeatures ?? {})) if (!Object.hasOwn(outcomes, name)) other.push(`Features.${name}`);
  const hosted = fields.element('HostedTelephoneNumberDetails');
  return {
    number,
    status: fields.text('Status'),
    city: fields.text('City'),
    lata: fields.text('Lata'),
    state: fields.text('State'),
    rateCenter: fields.text('RateCenter'),
    tier: fields.text('Tier'),
    vendorId: fields.text('VendorId'),
    vendorName: fields.text('VendorName'),
    onNetVendor: fields.text('OnNetVendor'),
    country: fields.text('Country'),
    tnType: fields.text('TnType'),
    lastModified: fields.date('LastModified'),
    inServiceDate: fields.date('InServiceDate'),
    ...toService(fields),
    features,
    hosted: listAt(hosted, 'HostedTelephoneNumberDetail')
      .filter(isElement)
      .map((each) => {
        const ofHosted = fieldsOf(each);
        const service = toService(ofHosted);
        other.push(...ofHosted.rest().map((name) => `HostedTelephoneNumberDetail.${name}`));
        return service;
      }),
    other: [...other, ...fields.rest()],
  };
}

/** Where each feature has its outcome. Everything else in it is about the subscriber. */
const outcomes: Readonly<Record<string, string>> = {
  E911: 'LastE911OrderOutcome',
  Lidb: 'Status',
  Dlda: 'Status',
};

function toService(fields: Fields): NumberService {
  const site = fields.element('Site');
  const sipPeer = fields.element('SipPeer');
  const isDefault = textAt(sipPeer, 'IsDefaultPeer');
  const texts = (element: XmlElement | undefined, path: string) =>
    listAt(element, path).filter((each): each is string => typeof each === 'string' && each !== '');
  return {
    accountId: fields.text('AccountId'),
    site: site && { id: textAt(site, 'Id'), name: textAt(site, 'Name') },
    sipPeer: sipPeer && { id: textAt(sipPeer, 'PeerId'), name: textAt(sipPeer, 'PeerName') },
    isDefaultPeer: isDefault === undefined ? undefined : isDefault === 'true',
    serviceTypes: texts(fields.element('ServiceTypes'), 'ServiceType'),
    messaging: Object.fromEntries(leavesOf(fields.element('MessagingSettings') ?? '', '')),
    attributes: texts(fields.element('TnAttributes'), 'TnAttribute').sort(),
  };
}

function leavesOf(value: XmlValue, path: string): [path: string, text: string][] {
  if (typeof value === 'string') return value === '' ? [] : [[path, value]];
  if (Array.isArray(value)) return value.flatMap((each, index) => leavesOf(each, `${path}.${index + 1}`));
  return Object.entries(value)
    .filter(([name]) => name !== '#text')
    .flatMap(([name, child]) => leavesOf(child, path === '' ? name : `${path}.${name}`));
}

interface Fields {
  /** Undefined for a missing or empty element. */
  text(name: string): string | undefined;
  /** The text as a date in UTC. A text that isn't a date counts as a further element. */
  date(name: string): string | undefined;
  element(name: string): XmlElement | undefined;
  /** Names of the elements that were not asked for and aren't empty, and of those that don't have what was asked for. */
  rest(): string[];
}

/** The children of an element, whatever the case of their first letter, which differs between resources. */
function fieldsOf(element: XmlElement): Fields {
  const children = new Map(Object.entries(element).map(([name, value]) => [name.toLowerCase(), { name, value }]));
  const understood = new Set<string>();
  function take<T>(name: string, read: (value: XmlValue) => T | undefined): T | undefined {
    const value = children.get(name.toLowerCase())?.value;
    const result = value === undefined ? undefined : read(value);
    if (result !== undefined) understood.add(name.toLowerCase());
    return result;
  }
  return {
    text: (name) => take(name, (value) => (typeof value === 'string' && value !== '' ? value : undefined)),
    date: (name) => take(name, (value) => (typeof value === 'string' && value !== '' ? toTimestamp(value) : undefined)),
    element: (name) => take(name, (value) => (isElement(value) ? value : undefined)),
    rest: () =>
      [...children]
        .filter(([key, { name, value }]) => !understood.has(key) && value !== '' && name !== '#text')
        .map(([, { name }]) => name),
  };
}
