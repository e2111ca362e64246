import { type Answer, empty, notFound, xml } from '../answer.js';
import type { OrderList } from '../orders/order-list.js';
import type { SandboxOrderBase } from '../orders/order-types.js';
import { accountOf, type Call, type Route } from '../route.js';
import { escapeXml, line, xmlDeclaration } from '../xml.js';
import { orderOf } from './order-page.js';

export interface TrailRoutes {
  /** Path segment of the orders. */
  kind: 'orders' | 'disconnects' | 'portins';
  /** Root element of errors. */
  root: string;
  list(call: Call): Pick<OrderList<SandboxOrderBase>, 'get'>;
}

const draft = `<OrderHistoryWrapper>
    <IrisStatus>
        <Code>7710</Code>
        <Description>History is not supported for bulk port-ins or individual port-ins in draft status.</Description>
    </IrisStatus>
</OrderHistoryWrapper>
`;

/** History of an order. A draft has none; an order with a single event gets 404, as the reference describes number orders. */
function history(call: Call, { kind, root, list }: TrailRoutes): Answer {
  const order = orderOf(call, { kind, list: list(call), root });
  if ((order as SandboxOrderBase & { status: string }).status === 'DRAFT') return xml(draft);
  const events = accountOf(call).orderBook.open().trails.eventsOf(order);
  if (kind === 'orders' && events.length < 2) return notFound('ErrorResponse');
  const i = '        ';
  const each = events.map(
    ({ occurredAt, note, author, status, difference }) => `    <OrderHistory>
${line(i, 'OrderDate', occurredAt.toISOString())}${i}<Note>
            ${escapeXml(note)}
${i}</Note>
${line(i, 'Author', author)}${line(i, 'Status', status)}${line(i, 'Difference', difference)}    </OrderHistory>
`,
  );
  return xml(`<OrderHistoryWrapper>\n${each.join('')}</OrderHistoryWrapper>\n`);
}

function notes(call: Call, { kind, root, list }: TrailRoutes): Answer {
  const order = orderOf(call, { kind, list: list(call), root });
  const all = accountOf(call).orderBook.open().trails.notesOf(order);
  if (all.length === 0) return empty(204);
  const i = '        ';
  const each = all.map(
    ({ id, userId, description, lastModified }) => `    <Note>
${line(i, 'Id', id)}${line(i, 'UserId', userId)}${line(i, 'Description', description)}${line(
  i,
  'LastDateModifier',
  lastModified.toISOString(),
)}    </Note>
`,
  );
  return xml(`${xmlDeclaration}<Notes>\n${each.join('')}</Notes>\n`);
}

/** `…/history` (not of disconnect orders, which have none) and `…/notes` of the orders of a kind. */
export function trailRoutes(routes: TrailRoutes): Route[] {
  const { kind, root } = routes;
  const path = `/accounts/:accountId/${kind}/:orderId`;
  const ofNotes: Route = { method: 'GET', path: `${path}/notes`, root, answer: (call) => notes(call, routes) };
  if (kind === 'disconnects') return [ofNotes];
  return [{ method: 'GET', path: `${path}/history`, root, answer: (call) => history(call, routes) }, ofNotes];
}
