import { readdirSync } from 'node:fs';
import type { AccountState } from '../account.js';
import { type Answer, empty, xml } from '../answer.js';
import type { SandboxFeatureOrder } from '../feature-orders.js';
import { canonical } from '../number-key.js';
import { dayOf } from '../parameters.js';
import { accountOf, type Call, type Route } from '../route.js';
import { escapeXml, line, xmlDeclaration } from '../xml.js';
import { listedDate, listedId, orderOf, twoYears } from './order-page.js';

/** A resource of feature orders, described by its payloads. */
export interface FeatureResource {
  segment: string;
  /** Root element of an order and of errors. */
  root: string;
  orderType: string;
  /** The list filters in addition to `modifiedDateFrom`, `modifiedDateTo` and `tn`, which all resources support. */
  filters: readonly ('status' | 'customerOrderId' | 'createdDateFrom' | 'createdDateTo')[];
  /** Element name of the order ID in the list. */
  idName: 'OrderId' | 'orderId';
  /** The complete list; `items` are the contents of its item elements. */
  listXml(items: readonly string[], total: number): string;
  /** The complete list of whole orders, which `orderDetails=true` requests; omit it if the list ignores that. */
  wholeListXml?(orders: readonly string[], total: number): string;
  /** The order's element, without XML declaration. */
  orderXml(order: SandboxFeatureOrder, account: string): string;
  /** The resource's own name of the order's status, if it has one. */
  statusOf?(order: SandboxFeatureOrder): string;
  /** Elements of the order's item in the list in addition to those that all resources have. */
  moreInList?(order: SandboxFeatureOrder): string;
  /** Whether the order names telephone numbers; by default, all do. */
  hasNumbers?(order: SandboxFeatureOrder): boolean;
}

const folder = new URL('../features/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.js'));

/** Routes of every resource in `features/`. Adding a file there adds the resource. */
export async function featureRoutes(): Promise<Route[]> {
  const exported = await Promise.all(files.map((file) => import(new URL(file, folder).href)));
  return exported.flatMap((each) => (Object.values(each) as FeatureResource[]).flatMap(routesOf));
}

function routesOf(resource: FeatureResource): Route[] {
  const { segment, root } = resource;
  const path = `/accounts/:accountId/${segment}`;
  return [
    { method: 'GET', path, root, list: true, answer: (call) => list(call, resource) },
    {
      method: 'GET',
      path: `${path}/:orderId`,
      root,
      answer: (call) => read(call, resource),
    },
  ];
}

function read(call: Call, resource: FeatureResource): Answer {
  const { segment, root } = resource;
  const account = accountOf(call);
  const get = (id: string) => account.featureOrders(segment).find(({ orderId }) => orderId === id);
  return xml(
    `${xmlDeclaration}${wholeOrder(account, resource, orderOf(call, { kind: segment, root, list: { get } }))}`,
  );
}

function wholeOrder(account: AccountState, { segment, orderXml }: FeatureResource, order: SandboxFeatureOrder): string {
  const { misbehavior } = account;
  const shown = misbehavior.numbersOf(
    segment,
    order,
    order.numbers.map(({ telephoneNumber }) => telephoneNumber),
  );
  const numbers = order.numbers.map((number, n) => ({ ...number, telephoneNumber: shown[n] as string }));
  return orderXml({ ...order, orderId: misbehavior.idOf(segment, order), numbers }, account.id);
}

const maxOrders = 1000;
const day = 86_400_000;

/**
 * Newest first, at most 1000, without paging; the total counts all matches. Without a date or number filter: the last
 * two years. The reference shows 404 without a body as a response of the list but doesn't say when. By default a list
 * without matches is empty; with the oddity `empty-features-404` it is that 404.
 */
function list(call: Call, resource: FeatureResource): Answer {
  const { segment, root, orderType, filters, idName, listXml, wholeListXml, statusOf, hasNumbers, moreInList } =
    resource;
  const account = accountOf(call);
  const known = new Set<string>(['modifiedDateFrom', 'modifiedDateTo', 'tn', ...filters]);
  const query = Object.fromEntries(Object.entries(call.query).filter(([name]) => known.has(name)));
  const at = (name: string) => dayOf(query, { root, name, form: 'yyyy-MM-dd' });
  const ranges = [
    { date: 'lastModifiedDate', from: at('modifiedDateFrom'), to: at('modifiedDateTo') },
    { date: 'orderDate', from: at('createdDateFrom'), to: at('createdDateTo') },
  ] as const;
  const isSpecific = ranges.some(({ from, to }) => (from ?? to) !== undefined) || query.tn !== undefined;
  const earliest = isSpecific ? Number.NEGATIVE_INFINITY : call.state.clock.now().getTime() - twoYears;
  const matching = account.featureOrders(segment).filter(
    (order) =>
      order.orderDate.getTime() >= earliest &&
      ranges.every(({ date, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }) => {
        const time = order[date].getTime();
        return time >= from && time < to + day;
      }) &&
      (query.status === undefined || (statusOf?.(order) ?? order.status) === query.status) &&
      (query.customerOrderId === undefined || order.customerOrderId === query.customerOrderId) &&
      (query.tn === undefined ||
        order.numbers.some(({ telephoneNumber }) => telephoneNumber === canonical(query.tn ?? ''))),
  );
  if (matching.length === 0 && call.state.oddities['empty-features-404']) return empty(404);
  const i = '            ';
  const orders = matching.slice(0, maxOrders);
  const repeated = account.misbehavior.repeats(segment) ? orders.slice(-1) : [];
  const listed = call.applyShortList([...orders, ...repeated]);
  const { 'order-details-ignored': isIgnored } = call.state.oddities;
  if (wholeListXml !== undefined && call.query.orderDetails === 'true' && !isIgnored) {
    return xml(
      wholeListXml(
        listed.map((order) => wholeOrder(account, resource, order)),
        matching.length,
      ),
    );
  }
  const items = listed.map((order) =>
    [
      line(i, 'accountId', account.id),
      line(i, 'CountOfTNs', hasNumbers?.(order) === false ? 0 : order.numbers.length),
      line(i, 'CustomerOrderId', order.customerOrderId),
      line(i, 'userId', order.userId),
      line(
        i,
        'lastModifiedDate',
        listedDate(account, { kind: segment, order, text: order.lastModifiedDate.toISOString() }),
      ),
      line(i, 'OrderDate', order.orderDate.toISOString()),
      line(i, 'OrderType', orderType),
      line(i, 'OrderStatus', statusOf?.(order) ?? order.status),
      line(i, idName, listedId(account, segment, order)),
      moreInList?.(order) ?? '',
    ].join(''),
  );
  return xml(listXml(items, matching.length));
}

/** The numbers of an order, grouped as in its payload. */
export function groupsOf({ numbers }: SandboxFeatureOrder): string[][] {
  const texts = numbers.map(({ telephoneNumber }) => telephoneNumber);
  const half = Math.ceil(texts.length / 2);
  return [texts.slice(0, half), texts.slice(half)].filter((group) => group.length > 0);
}

export function numbersXml(indent: string, numbers: readonly string[]): string {
  const lines = numbers.map((number) => line(`${indent}    `, 'TelephoneNumber', number));
  return `${indent}<TelephoneNumbers>\n${lines.join('')}${indent}</TelephoneNumbers>\n`;
}

/** An error for each failed number, which can quote text from the order. */
export function errorsXml({ numbers }: SandboxFeatureOrder, quoted?: string): string {
  const failed = numbers.filter(({ outcome }) => outcome === 'FAILED');
  if (failed.length === 0) return '    <ErrorList/>\n';
  const more = quoted === undefined ? '' : ` (${quoted})`;
  const errors = failed.map(
    ({ telephoneNumber, errorCode, errorDescription }) => `        <Error>
            <Code>${errorCode}</Code>
            <Description>${escapeXml(`${errorDescription}${more}`)}</Description>
            <TelephoneNumber>${telephoneNumber}</TelephoneNumber>
        </Error>
`,
  );
  return `    <ErrorList>\n${errors.join('')}    </ErrorList>\n`;
}
