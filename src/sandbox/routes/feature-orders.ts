import { readdirSync } from 'node:fs';
import type { AccountState } from '../account.js';
import { type Answer, badRequest, empty, xml } from '../answer.js';
import type { SandboxFeatureOrder } from '../feature-orders.js';
import { canonical } from '../number-key.js';
import { dayOf, numberedPage, sizeOf } from '../parameters.js';
import { accountOf, type Call, type Route } from '../route.js';
import { escapeXml, line, linksXml, xmlDeclaration } from '../xml.js';
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
  listXml(items: readonly string[], total: number, links: string): string;
  /** The complete list of whole orders, which `orderDetails=true` requests; omit it if the list ignores that. */
  wholeListXml?(orders: readonly string[], total: number, links: string): string;
  /** The order's element, without XML declaration. */
  orderXml(order: SandboxFeatureOrder, account: string): string;
  /** The order's element in a list of whole orders, if it is another. */
  listedXml?(order: SandboxFeatureOrder, account: AccountState): string;
  /** The list has pages, by default of this size. */
  pageSize?: number;
  /** Subresources of an order, by path segment, without XML declaration. */
  parts?: Readonly<Record<string, (order: SandboxFeatureOrder, account: AccountState) => string>>;
  /** The resource's own name of the order's status, if it has one. */
  statusOf?(order: SandboxFeatureOrder): string;
  /** IDs of the orders that the order consists of. */
  membersOf?(order: SandboxFeatureOrder, account: Pick<AccountState, 'portIns'>): string[];
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
  const { segment, root, orderXml, parts = {} } = resource;
  const path = `/accounts/:accountId/${segment}`;
  return [
    { method: 'GET', path, root, list: true, answer: (call) => list(call, resource) },
    {
      method: 'GET',
      path: `${path}/:orderId`,
      root,
      answer: (call) => {
        const account = accountOf(call);
        return xml(`${xmlDeclaration}${orderXml(shown(account, segment, orderIn(call, resource)), account.id)}`);
      },
    },
    ...Object.entries(parts).map(
      ([part, partXml]): Route => ({
        method: 'GET',
        path: `${path}/:orderId/${part}`,
        root,
        answer: (call) => xml(`${xmlDeclaration}${partXml(orderIn(call, resource), accountOf(call))}`),
      }),
    ),
  ];
}

function orderIn(call: Call, { segment, root }: FeatureResource): SandboxFeatureOrder {
  const account = accountOf(call);
  const get = (id: string) => account.featureOrders(segment).find(({ orderId }) => orderId === id);
  return orderOf(call, { kind: segment, root, list: { get } });
}

/** The order with its misbehavior. */
function shown({ misbehavior }: AccountState, segment: string, order: SandboxFeatureOrder): SandboxFeatureOrder {
  const numbers = misbehavior.numbersOf(
    segment,
    order,
    order.numbers.map(({ telephoneNumber }) => telephoneNumber),
  );
  return {
    ...order,
    orderId: misbehavior.idOf(segment, order),
    numbers: order.numbers.map((number, n) => ({ ...number, telephoneNumber: numbers[n] as string })),
  };
}

const maxOrders = 1000;
const day = 86_400_000;

/**
 * Newest first, at most 1000, most without pages; the total counts all matches. Without a date or number filter: the last
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
  const { pageSize } = resource;
  const size = pageSize === undefined ? maxOrders : sizeOf(call, { root, defaultSize: pageSize, maxSize: maxOrders });
  const start = pageSize === undefined ? 0 : startOf(call, { root, matching, size });
  const orders = matching.slice(start, start + size);
  const next = matching[start + size];
  const links = linksXml({
    address: `http://admin.localhost:8080/iris/accounts/${account.id}/${segment}`,
    query,
    size,
    next: next && (numberedPage(call, root, size)?.next ?? next.orderId),
    raw: call.rawLinks,
  });
  const repeats = account.misbehavior.repeats(segment);
  // Where there are pages, the last order of each is again on the next one.
  const before = repeats && pageSize !== undefined && start > 0 ? matching.slice(start - 1, start) : [];
  const after = repeats && pageSize === undefined ? orders.slice(-1) : [];
  const listed = call.applyShortList([...before, ...orders, ...after]);
  const { 'order-details-ignored': isIgnored } = call.state.oddities;
  if (wholeListXml !== undefined && call.query.orderDetails === 'true' && !isIgnored) {
    const { listedXml, orderXml } = resource;
    const whole = listed
      .map((order) => shown(account, segment, order))
      .map((order) => listedXml?.(order, account) ?? orderXml(order, account.id));
    return xml(wholeListXml(whole, matching.length, links));
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
  return xml(listXml(items, matching.length, links));
}

/** Index of the first order on the page. */
function startOf(
  call: Call,
  { root, matching, size }: { root: string; matching: readonly SandboxFeatureOrder[]; size: number },
): number {
  const { page = '1' } = call.query;
  const numbered = numberedPage(call, root, size);
  if (numbered !== undefined) return numbered.skip;
  const start = page === '1' ? 0 : matching.findIndex(({ orderId }) => orderId === page);
  if (start < 0) throw badRequest(root, `The page '${page}' is invalid`);
  return start;
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
