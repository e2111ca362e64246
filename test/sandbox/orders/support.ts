import type { ExecutionContext } from 'ava';
import type { OrderKind, Sandbox, SandboxAccount } from '../../../src/sandbox/server.js';
import { get, linkOf, post } from '../client.js';

export const account = '9900000';
export const day = 86_400_000;
export const hour = 3_600_000;

export function accountOf(sandbox: Sandbox): SandboxAccount {
  return sandbox.account(account);
}

/** What a list is called on the wire: its items, and their ids. */
const shapes: Record<OrderKind, { item: string; id: string }> = {
  orders: { item: 'OrderIdUserIdDate', id: 'orderId' },
  disconnects: { item: 'OrderIdUserIdDate', id: 'OrderId' },
  portins: { item: 'lnpPortInfoForGivenStatus', id: 'OrderId' },
  portouts: { item: 'lnpPortInfoForGivenStatus', id: 'OrderId' },
  numbersAssignment: { item: 'TelephoneNumbersAssignmentOrderSummary', id: 'OrderId' },
  importTnOrders: { item: 'ImportTnOrderSummary', id: 'OrderId' },
  removeImportedTnOrders: { item: 'RemoveImportedTnOrderSummary', id: 'OrderId' },
};

export interface Listed {
  status: number;
  /** Items of all pages, as their own XML. */
  items: string[];
  ids: string[];
  pages: number;
  total: number | undefined;
}

/** Reads a list to its end, as a client does that takes nothing from a `next` link but its page. */
export async function listed(sandbox: Sandbox, kind: OrderKind, query: Record<string, string> = {}): Promise<Listed> {
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

/** Whether the list comes whole, without pages. */
export function isUnpaged(kind: OrderKind): boolean {
  return ['numbersAssignment', 'importTnOrders', 'removeImportedTnOrders'].includes(kind);
}

/** The whole range of dates, in the form that a list wants. */
export function always(kind: OrderKind): Record<string, string> {
  switch (kind) {
    case 'numbersAssignment':
    case 'importTnOrders':
    case 'removeImportedTnOrders':
      return { modifiedDateFrom: '2000-01-01', modifiedDateTo: '2069-12-31' };
    case 'portins':
    case 'portouts':
      return { startdate: '2000-01-01', enddate: '2069-12-31' };
    default:
      return { startdate: '00-01-01', enddate: '69-12-31' };
  }
}

/** The text of the first element of a name, decoded and trimmed. */
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

export interface Declaration {
  action?: string;
  customerOrderId?: string;
  numbers: readonly string[];
}

export function declare(sandbox: Sandbox, { action = 'ASSIGN', customerOrderId, numbers }: Declaration) {
  const id = customerOrderId === undefined ? '' : `<CustomerOrderId>${customerOrderId}</CustomerOrderId>`;
  const list = numbers.map((number) => `<TelephoneNumber>${number}</TelephoneNumber>`).join('');
  return post(
    sandbox,
    `/accounts/${account}/numbersAssignment`,
    `<?xml version="1.0"?><TelephoneNumbersAssignmentOrder>${id}<Action>${action}</Action><TelephoneNumbers>${list}</TelephoneNumbers></TelephoneNumbersAssignmentOrder>`,
  );
}

/** NANP numbers in service, in the order of the numbers. */
export function inService(sandbox: Sandbox): string[] {
  return [...accountOf(sandbox).numbers()].flatMap(({ telephoneNumber, status }) =>
    status === 'Inservice' && !telephoneNumber.startsWith('+') ? [telephoneNumber] : [],
  );
}

export function statusesOf(t: ExecutionContext, orders: ReadonlyArray<{ status: string }>): string[] {
  t.true(orders.length > 0);
  return [...new Set(orders.map(({ status }) => status))].toSorted();
}
