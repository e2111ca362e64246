import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { type Answer, badRequest, xml } from '../answer.js';
import { sandboxCredentials } from '../credentials.js';
import { canonical } from '../number-key.js';
import type { SandboxAssignmentOrder } from '../orders/order-types.js';
import { dayOf } from '../parameters.js';
import { accountOf, type Call, type Route } from '../route.js';
import { escapeXml, line, xmlDeclaration } from '../xml.js';
import { listedDate, listedId, orderOf, twoYears } from './order-page.js';

const kind = 'numbersAssignment';
const listRoot = 'TelephoneNumbersAssignmentOrders';
const root = 'TelephoneNumbersAssignmentOrderResponse';
const maxOrders = 1000;
const maxNumbers = 5000;
const day = 86_400_000;

function listOf(call: Call) {
  return accountOf(call).orderBook.open().lists.numbersAssignment;
}

/**
 * Assignment orders, newest first, at most 1000, without paging; `TotalCount` counts all matches. As in the Bandwidth
 * OpenAPI description, an order has no last-modified date here, a customer order ID if it was set, and a failed count
 * only if it is PARTIAL. `createdDateFrom` and `createdDateTo` are taken literally: orders created after the first day
 * and before the second. A filter by ID, customer order ID, number or date lifts the two-year limit.
 */
function list(call: Call): Answer {
  const { state } = call;
  const account = accountOf(call);
  const matching = listOf(call).all.filter(filterOf(call.query, state.clock.now().getTime()));
  const orders = call.applyShortList(matching.slice(0, maxOrders));
  const listed = account.misbehavior.repeats(kind) ? [...orders, ...orders.slice(-1)] : orders;
  return xml(`${xmlDeclaration}<TelephoneNumbersAssignmentOrders>
    <TotalCount>${matching.length}</TotalCount>
${listed.map((order) => itemXml(call, order)).join('')}</TelephoneNumbersAssignmentOrders>
`);
}

function filterOf(query: Record<string, string>, now: number): (order: SandboxAssignmentOrder) => boolean {
  const at = (name: string) => dayOf(query, { root: listRoot, name, form: 'yyyy-MM-dd' });
  const modifiedFrom = at('modifiedDateFrom') ?? Number.NEGATIVE_INFINITY;
  const modifiedTo = at('modifiedDateTo') ?? Number.POSITIVE_INFINITY;
  const createdAfter = at('createdDateFrom') ?? Number.NEGATIVE_INFINITY;
  const createdBefore = at('createdDateTo') ?? Number.POSITIVE_INFINITY;
  const { action, status, customerOrderId, tn, orderIdFragment } = query;
  if (action !== undefined && action !== 'ASSIGNED' && action !== 'UNASSIGNED') {
    throw badRequest(listRoot, `The action '${action}' is invalid. Valid values ASSIGNED, UNASSIGNED`);
  }
  if (status !== undefined && !['COMPLETE', 'PARTIAL', 'FAILED'].includes(status)) {
    throw badRequest(listRoot, `The status '${status}' is invalid. Valid values COMPLETE, PARTIAL, FAILED`);
  }
  const specific =
    [customerOrderId, tn, orderIdFragment].some((given) => given !== undefined) ||
    [modifiedFrom, modifiedTo, createdAfter, createdBefore].some(Number.isFinite);
  const earliest = specific ? Number.NEGATIVE_INFINITY : now - twoYears;
  return (order) => {
    const created = order.orderDate.getTime();
    const modified = order.lastModifiedDate.getTime();
    return (
      created >= earliest &&
      created >= createdAfter + day &&
      created < createdBefore &&
      modified >= modifiedFrom &&
      modified < modifiedTo + day &&
      (action === undefined || `${order.action}ED` === action) &&
      (status === undefined || order.status === status) &&
      (customerOrderId === undefined || order.customerOrderId === customerOrderId) &&
      (tn === undefined || order.numbers.some(({ telephoneNumber }) => telephoneNumber === canonical(tn))) &&
      (orderIdFragment === undefined || order.orderId.startsWith(orderIdFragment))
    );
  };
}

function itemXml(call: Call, order: SandboxAssignmentOrder): string {
  const account = accountOf(call);
  const i = '        ';
  return `    <TelephoneNumbersAssignmentOrderSummary>
${line(i, 'accountId', account.id)}${line(i, 'CustomerOrderId', order.customerOrderId)}${line(
  i,
  'TotalQuantity',
  order.totalQuantity,
)}${line(i, 'FailedQuantity', order.status === 'PARTIAL' && !call.state.oddities['lost-failed-quantity'] ? order.failedQuantity : undefined)}${line(
  i,
  'userId',
  order.userId,
)}${line(i, 'OrderDate', listedDate(account, { kind, order, text: order.orderDate.toISOString() }))}${line(
  i,
  'OrderType',
  order.orderType,
)}${line(i, 'OrderStatus', order.status)}${line(i, 'Action', order.action)}${line(
  i,
  'OrderId',
  listedId(account, kind, order),
)}    </TelephoneNumbersAssignmentOrderSummary>
`;
}

function read(call: Call, withholding: Withholding): Answer {
  const order = orderOf(call, { kind, list: listOf(call), root });
  accountOf(call).orderBook.open().read(order);
  return xml(orderXml(call, order, withholding));
}

/** When each order first withheld which of its numbers failed. */
type Withholding = Map<SandboxAssignmentOrder, number>;

/** Whether the order withholds its failures, due to the oddity partial-without-failures. */
function withholds({ state }: Call, order: SandboxAssignmentOrder, since: Withholding): boolean {
  const maxWithheld = state.oddities['partial-without-failures'] ?? 0;
  if (maxWithheld === 0 || order.status !== 'PARTIAL') return false;
  const now = state.clock.now().getTime();
  if (!since.has(order) && since.size < maxWithheld) since.set(order, now);
  return now < (since.get(order) ?? Number.NEGATIVE_INFINITY) + day;
}

/** One order, with text values on their own lines, as in some examples of the reference. */
function orderXml(call: Call, order: SandboxAssignmentOrder, withholding: Withholding): string {
  const account = accountOf(call);
  const { misbehavior } = account;
  const named = misbehavior.numbersOf(
    kind,
    order,
    order.numbers.map(({ telephoneNumber }) => telephoneNumber),
  );
  const shown = withholds(call, order, withholding) ? [] : order.numbers;
  const codes = [...new Set(shown.flatMap(({ errorCode }) => (errorCode === undefined ? [] : [errorCode])))];
  const errors = codes.map((code) => {
    const description = order.numbers.find(({ errorCode }) => errorCode === code)?.errorDescription;
    const failed = named.filter((_, n) => order.numbers[n]?.errorCode === code);
    return `        <Error>
${padded('            ', 'Code', code)}${padded('            ', 'Description', description)}            <TelephoneNumbers>
${failed.map((number) => padded('                ', 'TelephoneNumber', number)).join('')}            </TelephoneNumbers>
        </Error>
`;
  });
  const i = '    ';
  const counts = (order.status === 'PARTIAL' || errors.length > 0) && !call.state.oddities['lost-failed-quantity'];
  return `${xmlDeclaration}<TelephoneNumbersAssignmentOrderResponse>
${padded(i, 'OrderCreateDate', order.orderDate.toISOString())}${padded(i, 'AccountId', account.id)}${padded(
  i,
  'CreatedByUser',
  order.userId,
)}${padded(i, 'OrderId', misbehavior.idOf(kind, order))}${padded(i, 'ProcessingStatus', order.status)}${padded(
  i,
  'TotalQuantity',
  String(order.totalQuantity),
)}${counts ? padded(i, 'FailedQuantity', String(order.failedQuantity)) : ''}    <TelephoneNumbersAssignmentOrder>
${padded('        ', 'CustomerOrderId', order.customerOrderId)}${padded('        ', 'Action', order.action)}        <TelephoneNumbers>
${named.map((number) => padded('            ', 'TelephoneNumber', number)).join('')}        </TelephoneNumbers>
    </TelephoneNumbersAssignmentOrder>
${errors.length === 0 ? '' : `    <Errors>\n${errors.join('')}    </Errors>\n`}</TelephoneNumbersAssignmentOrderResponse>
`;
}

function padded(indent: string, name: string, text: string | undefined): string {
  return text === undefined ? '' : `${indent}<${name}>\n${indent}    ${escapeXml(text)}\n${indent}</${name}>\n`;
}

/**
 * Marks numbers ASSIGNED or UNASSIGNED. An invalid request is rejected with 400 and creates no order; problems with
 * single numbers appear when the order ends. A number that is listed twice counts once.
 */
async function create(call: Call, withholding: Withholding): Promise<Answer> {
  const account = accountOf(call);
  const { action, customerOrderId, numbers } = requestOf(await call.body());
  const order = account.orderBook.open().assign({
    action,
    numbers,
    userId: sandboxCredentials.username,
    ...(customerOrderId !== undefined && { customerOrderId }),
  });
  const location = `http://api.inetwork.com:443/v1.0/accounts/${account.id}/numbersAssignment/${order.orderId}`;
  return { ...xml(orderXml(call, order, withholding), 201), headers: { Location: location } };
}

interface AssignmentRequest {
  action: 'ASSIGN' | 'UNASSIGN';
  customerOrderId: string | undefined;
  numbers: string[];
}

function requestOf(body: string): AssignmentRequest {
  const parser = new XMLParser({
    ignoreDeclaration: true,
    parseTagValue: false,
    trimValues: true,
    isArray: (name) => name === 'TelephoneNumber',
  });
  const order: unknown =
    XMLValidator.validate(body) === true ? parser.parse(body).TelephoneNumbersAssignmentOrder : undefined;
  if (typeof order !== 'object' || order === null) {
    throw badRequest(root, 'The body must be a TelephoneNumbersAssignmentOrder');
  }
  const { Action: action, CustomerOrderId: given, TelephoneNumbers: list } = order as Record<string, unknown>;
  if (action !== 'ASSIGN' && action !== 'UNASSIGN') {
    throw badRequest(root, 'Assignment action is invalid. Valid values ASSIGN, UNASSIGN', '13554');
  }
  const customerOrderId = given === undefined || given === '' ? undefined : String(given);
  if (customerOrderId !== undefined && !/^[A-Za-z0-9 -]{1,40}$/.test(customerOrderId)) {
    throw badRequest(
      root,
      'Customer order ID is invalid. Only alphanumeric values, dashes and spaces are allowed. Max length is 40 characters.',
    );
  }
  const numbers = (list as { TelephoneNumber?: unknown } | undefined)?.TelephoneNumber;
  if (!Array.isArray(numbers) || numbers.length === 0) {
    throw badRequest(root, 'The order must name at least one telephone number');
  }
  if (numbers.length > maxNumbers) {
    throw badRequest(root, `The order must name at most ${maxNumbers} telephone numbers, not ${numbers.length}`);
  }
  return { action, customerOrderId, numbers: numbers.map((number) => canonical(String(number))) };
}

export function numbersAssignmentRoutes(): Route[] {
  const path = '/accounts/:accountId/numbersAssignment';
  const withholding: Withholding = new Map();
  return [
    { method: 'GET', path, root: listRoot, list: true, answer: list },
    { method: 'POST', path, root, creates: true, answer: (call) => create(call, withholding) },
    { method: 'GET', path: `${path}/:orderId`, root, answer: (call) => read(call, withholding) },
  ];
}
