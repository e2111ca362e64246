import type { ExecutionContext } from 'ava';
import type { Sandbox, SandboxAccount } from '../../../src/sandbox/server.js';
import { get, linkOf, post } from '../client.js';
import type { ListKind } from '../support/misbehave.js';

export const account = '9900000';
export const day = 86_400_000;
export const hour = 3_600_000;

export function accountOf(sandbox: Sandbox): SandboxAccount {
  return sandbox.account(account);
}

/** Element names of a list: its items and their IDs. */
const shapes: Record<ListKind, { item: string; id: string }> = {
  orders: { item: 'OrderIdUserIdDate', id: 'orderId' },
  disconnects: { item: 'OrderIdUserIdDate', id: 'OrderId' },
  portins: { item: 'lnpPortInfoForGivenStatus', id: 'OrderId' },
  portouts: { item: 'lnpPortInfoForGivenStatus', id: 'OrderId' },
  numbersAssignment: { item: 'TelephoneNumbersAssignmentOrderSummary', id: 'OrderId' },
  importTnOrders: { item: 'ImportTnOrderSummary', id: 'OrderId' },
  removeImportedTnOrders: { item: 'RemoveImportedTnOrderSummary', id: 'OrderId' },
  externalTns: { item: 'ExternalTnsOrder', id: 'OrderId' },
  tnoptions: { item: 'TnOptionOrderSummary', id: 'OrderId' },
  lidbs: { item: 'OrderIdUserIdDate', id: 'orderId' },
  dldas: { item: 'OrderIdUserIdDate', id: 'orderId' },
  e911s: { item: 'E911OrderSummary', id: 'OrderId' },
  bulkPortins: { item: 'BulkPortinResponse', id: 'OrderId' },
  lsrorders: { item: 'LsrOrderSummary', id: 'OrderId' },
};

export interface Listed {
  status: number;
  /** Items of all pages, as XML. */
  items: string[];
  ids: string[];
  pages: number;
  total: number | undefined;
}

/** Reads a list to its end like a client that uses only the page of a `next` link. */
export async function listed(sandbox: Sandbox, kind: ListKind, query: Record<string, string> = {}): Promise<Listed> {
  const { item, id } = shapes[kind];
  const found: Listed = { status: 200, items: [], ids: [], pages: 0, total: undefined };
  let page: string | undefined = '1';
  while (page !== undefined) {
    const parameters = new URLSearchParams({ ...query, ...(isUnpaged(kind) ? {} : { page }) });
    const { status, body } = await get(sandbox, `/accounts/${account}/${kind}?${parameters}`);
    found.status = status;
    found.pages++;
    const items: string[] = body.match(new RegExp(`<${item}>[\\s\\S]*?</${item}>`, 'g')) ?? [];
    found.items.push(...items);
    found.ids.push(...items.map((each) => elementOf(each, id) ?? ''));
    found.total = Number(elementOf(body, 'TotalCount') ?? Number.NaN);
    page = linkOf(body, 'next')?.query.page;
  }
  return found;
}

/** Whether the list has no pages. */
export function isUnpaged(kind: ListKind): boolean {
  return [
    ...['numbersAssignment', 'importTnOrders', 'removeImportedTnOrders', 'externalTns'],
    ...['tnoptions', 'lidbs', 'dldas', 'e911s', 'lsrorders'],
  ].includes(kind);
}

/** The widest date range, in the format of the list. */
export function always(kind: ListKind): Record<string, string> {
  switch (kind) {
    case 'numbersAssignment':
    case 'importTnOrders':
    case 'removeImportedTnOrders':
    case 'externalTns':
    case 'tnoptions':
    case 'lidbs':
    case 'dldas':
    case 'e911s':
    case 'lsrorders':
    case 'bulkPortins':
      return { modifiedDateFrom: '2000-01-01', modifiedDateTo: '2069-12-31' };
    case 'portins':
    case 'portouts':
      return { startdate: '2000-01-01', enddate: '2069-12-31' };
    default:
      return { startdate: '00-01-01', enddate: '69-12-31' };
  }
}

/** The text of the first element with a name, decoded and trimmed. */
export function elementOf(xml: string, name: string): string | undefined {
  return elementsOf(xml, name)[0];
}

export function elementsOf(xml: string, name: string): string[] {
  return Array.from(xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g')), ([, text = '']) =>
    text
      .trim()
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&apos;', "'")
      .replaceAll('&amp;', '&'),
  );
}

export async function details(sandbox: Sandbox, path: string): Promise<string> {
  const { status, body } = await get(sandbox, `/accounts/${account}/${path}`);
  if (status !== 200) {
    throw new Error(`${status} for ${path}: ${body}`);
  }
  return body;
}

export interface AssignmentRequest {
  action?: string;
  customerOrderId?: string;
  numbers: readonly string[];
}

export function postAssignment(sandbox: Sandbox, { action = 'ASSIGN', customerOrderId, numbers }: AssignmentRequest) {
  const id = customerOrderId === undefined ? '' : `<CustomerOrderId>${customerOrderId}</CustomerOrderId>`;
  const list = numbers.map((number) => `<TelephoneNumber>${number}</TelephoneNumber>`).join('');
  return post(
    sandbox,
    `/accounts/${account}/numbersAssignment`,
    `<?xml version="1.0"?><TelephoneNumbersAssignmentOrder>${id}<Action>${action}</Action><TelephoneNumbers>${list}</TelephoneNumbers></TelephoneNumbersAssignmentOrder>`,
  );
}

/** NANP numbers in service, in ascending order. */
export function inService(sandbox: Sandbox): string[] {
  return [...accountOf(sandbox).numbers()].flatMap(({ telephoneNumber, status }) =>
    status === 'Inservice' && !telephoneNumber.startsWith('+') ? [telephoneNumber] : [],
  );
}

export function statusesOf(t: ExecutionContext, orders: ReadonlyArray<{ status: string }>): string[] {
  t.true(orders.length > 0);
  return [...new Set(orders.map(({ status }) => status))].toSorted();
}
