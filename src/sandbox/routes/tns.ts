import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { AccountState } from '../account.js';
import { type Answer, badRequest, xml } from '../answer.js';
import { hash } from '../hash.js';
import { aging, inAccount, type NumberRow } from '../number.js';
import { canonical, isNanp, keyOf, textOf } from '../number-key.js';
import { oddNumbersOf } from '../number-oddities.js';
import { type AccountNumber, createNumberWriter, type NumberWriter } from '../number-xml.js';
import { digitsOf, known, numberedPage, sizeOf } from '../parameters.js';
import type { Call, Route } from '../route.js';
import type { SandboxState } from '../state.js';
import { escapeXml, linksXml, xmlDeclaration } from '../xml.js';

const root = 'TelephoneNumbersResponse';
const filterNames = ['state', 'rateCenter', 'npa', 'npaNxx', 'npaNxxX', 'lata', 'city', 'tier', 'fullNumber'] as const;
const maxPosted = 2500;

interface Held {
  account: AccountState;
  key: number;
}

type Filter = (row: NumberRow) => boolean;

function filterOf(query: Record<string, string>): Filter | undefined {
  const given = known(query, filterNames);
  if (Object.keys(given).length === 0) {
    return undefined;
  }
  const prefix = [
    digitsOf(given, { root, name: 'npa', digits: 3 }) ?? '',
    digitsOf(given, { root, name: 'npaNxx', digits: 6, code: '15511' }) ?? '',
    digitsOf(given, { root, name: 'npaNxxX', digits: 7 }) ?? '',
  ];
  const digitsMatter = prefix.some((digits) => digits !== '');
  const same = (wanted: string | undefined, text: string | undefined) =>
    wanted === undefined || text?.toUpperCase() === wanted.toUpperCase();
  return (row) =>
    (!digitsMatter || (isNanp(row.key) && prefix.every((digits) => textOf(row.key).startsWith(digits)))) &&
    same(given.state, row.state) &&
    same(given.rateCenter, row.rateCenter) &&
    same(given.lata, row.lata) &&
    same(given.city, row.city) &&
    same(given.tier, row.tier) &&
    (given.fullNumber === undefined || row.key === keyOf(given.fullNumber));
}

/** The numbers of the given accounts in ascending order, starting at a key. */
function* ascending(accounts: readonly AccountState[], from: number): Generator<Held> {
  const lists = accounts.map((account) => ({
    account,
    keys: account.inventory.keys,
    position: account.inventory.positionFrom(from),
  }));
  for (;;) {
    let first: (typeof lists)[number] | undefined;
    for (const list of lists) {
      const key = list.keys[list.position];
      if (key !== undefined && (first === undefined || key < (first.keys[first.position] as number))) {
        first = list;
      }
    }
    if (first === undefined) {
      return;
    }
    yield { account: first.account, key: first.keys[first.position++] as number };
  }
}

interface ShownNumber extends AccountNumber {
  /** Not in the list of the account that holds it. */
  hidden: boolean;
}

/** A number as `/tns` shows it; undefined if it doesn't. */
function asShown(state: SandboxState, account: AccountState, key: number): ShownNumber | undefined {
  const row = account.inventory.row(key);
  const own = { accountId: account.id, row, hidden: false };
  switch (oddNumbersOf(state, account).get(key)) {
    case undefined:
      return own;
    case 'unlisted-others':
      return { ...own, hidden: true };
    case 'foreign-details':
      return { ...own, accountId: state.foreignAccountId, hidden: true };
    case 'foreign-rows':
      return { ...own, accountId: state.foreignAccountId };
    case 'in-account':
      return { ...own, row: { ...row, status: inAccount, inServiceDate: undefined } };
    case 'aging-details':
      return { ...own, row: { ...row, status: aging } };
    case 'refused-details':
    case 'silent-details':
      return undefined;
  }
}

function list(call: Call, writeNumbers: NumberWriter): Answer {
  const { state, query } = call;
  const size = sizeOf(call, { root, defaultSize: 500, maxSize: 2500 });
  const filter = filterOf(query);
  const cursor = query.page ?? '1';
  const numbered = numberedPage(call, root, size);
  const from = cursor === '1' || numbered !== undefined ? Number.NEGATIVE_INFINITY : keyOf(cursor);
  if (from === undefined) {
    throw badRequest(root, `The page '${cursor}' is invalid`);
  }
  const everyone = call.account === undefined ? [...state.accounts.values()] : [call.account];
  const accounts = state.oddities['empty-details'] ? [] : everyone;
  const page: AccountNumber[] = [];
  let next: string | undefined = state.lastPageNext === 'self' ? cursor : undefined;
  let skip = numbered?.skip ?? 0;
  for (const { account, key } of ascending(accounts, from)) {
    const shown = asShown(state, account, key);
    if (shown === undefined || (shown.hidden && call.account !== undefined)) {
      continue;
    }
    if (filter !== undefined && !filter(shown.row)) {
      continue;
    }
    if (skip > 0) {
      skip--;
      continue;
    }
    if (page.length === size) {
      next = numbered?.next ?? textOf(key);
      break;
    }
    page.push(shown);
  }
  // The parameter in the link is `account`, not `accountId` as in the request.
  const account: Record<string, string> = call.account === undefined ? {} : { account: call.account.id };
  const links = linksXml({
    address: 'https://dashboard.bandwidth.com:443/v1.0/tns',
    query: { ...account, ...known(query, filterNames) },
    size,
    next,
    raw: call.rawLinks,
  });
  const rows = call.applyShortList(page);
  const first = page[0]?.row.key ?? 0;
  const head = `<?xml version="1.0"?>
<TelephoneNumbersResponse>
    <TelephoneNumberCount>${unreliableCount(rows.length, first)}</TelephoneNumberCount>
${links}    <TelephoneNumbers>
`;
  return xml(Buffer.concat([Buffer.from(head), writeNumbers(rows), endOfList]));
}

const endOfList = Buffer.from('    </TelephoneNumbers>\n</TelephoneNumbersResponse>\n');

/**
 * TelephoneNumberCount as in the Bandwidth examples: usually the count of numbers on the page, sometimes one too low.
 */
function unreliableCount(count: number, firstKey: number): number {
  return count > 0 && hash(71, firstKey) % 4 === 0 ? count - 1 : count;
}

async function lookUp(call: Call, writeNumbers: NumberWriter): Promise<Answer> {
  const asked = [...new Set(postedNumbers(await call.body()).map(canonical))];
  const found: ShownNumber[] = [];
  const invalid: string[] = [];
  const unknown: string[] = [];
  for (const telephoneNumber of asked) {
    const key = keyOf(telephoneNumber);
    const isEmpty = key === undefined || call.state.oddities['empty-details'];
    const account = isEmpty ? undefined : holderOf(call.state, key);
    const shown = account === undefined || key === undefined ? undefined : asShown(call.state, account, key);
    if (key === undefined) {
      invalid.push(telephoneNumber);
    } else if (shown !== undefined) {
      found.push(shown);
    } else if (account === undefined || oddNumbersOf(call.state, account).get(key) !== 'silent-details') {
      unknown.push(telephoneNumber);
    }
  }
  found.sort((a, b) => a.row.key - b.row.key);
  const errors = [
    errorXml('15608', 'Input contains invalid Telephone Numbers', invalid),
    errorXml('15610', 'Telephone Numbers cannot be found on accounts', unknown),
  ].join('');
  const numbers = writeNumbers(found);
  return xml(`${xmlDeclaration}<TelephoneNumbersResponse>
    <TelephoneNumberCount>${unreliableCount(found.length, found[0]?.row.key ?? 0)}</TelephoneNumberCount>
    <Links>
        <first>Link=&lt;http://localhost:8080/v1.0/tns&gt;;rel="first";</first>
    </Links>
    <TelephoneNumbers>
${numbers}    </TelephoneNumbers>
${errors === '' ? '' : `    <ErrorList>\n${errors}    </ErrorList>\n`}</TelephoneNumbersResponse>
`);
}

function postedNumbers(body: string): string[] {
  const parser = new XMLParser({ ignoreDeclaration: true, parseTagValue: false, isArray: (name) => name === 'Tn' });
  const parsed = XMLValidator.validate(body) === true ? parser.parse(body) : undefined;
  const numbers: unknown = parsed?.TnList?.Tn;
  if (!Array.isArray(numbers)) {
    throw badRequest(root, 'The body must be a TnList of one Tn or more');
  }
  if (numbers.length > maxPosted) {
    const description = `The count of Telephone numbers in POST body exceeds the maximum size of ${maxPosted}`;
    throw badRequest(root, description, '15607');
  }
  return numbers.map(String);
}

/** The account of the user that holds a number of any status. */
export function holderOf(state: SandboxState, key: number): AccountState | undefined {
  return [...state.accounts.values()].find((account) => account.inventory.has(key));
}

function errorXml(code: string, description: string, telephoneNumbers: readonly string[]): string {
  if (telephoneNumbers.length === 0) {
    return '';
  }
  const numbers = telephoneNumbers.map(
    (each) => `                <TelephoneNumber>${escapeXml(each)}</TelephoneNumber>\n`,
  );
  return `        <Error>
            <Code>${code}</Code>
            <Description>${description}</Description>
            <TelephoneNumbers>
${numbers.join('')}            </TelephoneNumbers>
        </Error>
`;
}

export function tnsRoutes(): Route[] {
  const writeNumbers = createNumberWriter();
  return [
    { method: 'GET', path: '/tns', root, list: true, answer: (call) => list(call, writeNumbers) },
    { method: 'POST', path: '/tns', root, answer: (call) => lookUp(call, writeNumbers) },
  ];
}
