import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { LedgerError } from '../errors.js';
import type { AccountState } from './account.js';
import { type OrderQuirk, orderQuirks } from './orders/interface.js';
import { orderPatch, placement } from './orders/read-placement.js';
import type { OrderKind, SandboxOrderBase } from './orders/truth.js';
import { sendLines } from './send-lines.js';

type Listing = OrderKind | 'disconnectednumbers';

const listings: Record<Listing, (account: AccountState) => Iterable<unknown>> = {
  orders: (account) => account.orders(),
  disconnects: (account) => account.disconnects(),
  portins: (account) => account.portIns(),
  portouts: (account) => account.portOuts(),
  numbersAssignment: (account) => account.assignmentOrders(),
  importTnOrders: (account) => account.importOrders(),
  removeImportedTnOrders: (account) => account.removals(),
  disconnectednumbers: (account) => account.disconnectedNumbers(),
};

const placing: Record<OrderKind, (account: AccountState, body: unknown) => SandboxOrderBase> = {
  orders: (account, body) => account.placeOrder(placement.orders(body)),
  disconnects: (account, body) => account.placeDisconnect(placement.disconnects(body)),
  portins: (account, body) => account.placePortIn(placement.portins(body)),
  portouts: (account, body) => account.placePortOut(placement.portouts(body)),
  numbersAssignment: (account, body) => account.placeAssignment(placement.numbersAssignment(body)),
  importTnOrders: (account, body) => account.placeImport(placement.importTnOrders(body)),
  removeImportedTnOrders: (account, body) => account.placeRemoval(placement.removeImportedTnOrders(body)),
};

/** Orders for programs that run the sandbox as a separate process: seen a JSON object a line, placed, changed, made hard to read. */
export function adminOrderRoutes(accountOf: (id: string) => AccountState): Hono<{ Bindings: HttpBindings }> {
  const admin = new Hono<{ Bindings: HttpBindings }>();
  admin.post('/accounts/:accountId/night', (c) => {
    const seed = c.req.query('seed') ?? '1';
    if (!/^\d{1,9}$/.test(seed)) {
      throw new LedgerError(`The parameter seed must be a whole number, not '${seed}'.`);
    }
    return c.json(accountOf(c.req.param('accountId')).night(Number(seed)));
  });
  admin.get('/accounts/:accountId/:listing', (c) => {
    const listing = listings[c.req.param('listing') as Listing];
    return listing === undefined
      ? c.notFound()
      : sendLines(c.env.outgoing, listing(accountOf(c.req.param('accountId'))));
  });
  admin.post('/accounts/:accountId/:kind', async (c) => {
    const place = placing[c.req.param('kind') as OrderKind];
    return place === undefined
      ? c.notFound()
      : c.json(place(accountOf(c.req.param('accountId')), await c.req.json()), 201);
  });
  admin.put('/accounts/:accountId/:kind/quirks', async (c) => {
    const kind = kindOf(c.req.param('kind'));
    return c.json(accountOf(c.req.param('accountId')).misbehave(kind, quirksOf(await c.req.json())));
  });
  admin.patch('/accounts/:accountId/:kind/:orderId', async (c) => {
    const { accountId, kind, orderId } = c.req.param();
    accountOf(accountId).changeOrder(kindOf(kind), orderId, orderPatch(await c.req.json()));
    return c.body(null, 204);
  });
  return admin;
}

function kindOf(text: string): OrderKind {
  if (!Object.hasOwn(placing, text)) {
    throw new LedgerError(`There are no orders called '${text}'.`, { hint: Object.keys(placing).join(', ') });
  }
  return text as OrderKind;
}

function quirksOf(body: unknown): OrderQuirk[] {
  const known: readonly unknown[] = orderQuirks;
  if (!Array.isArray(body) || !body.every((quirk) => known.includes(quirk))) {
    throw new LedgerError(`Quirks are a list of ${orderQuirks.join(', ')}, not ${JSON.stringify(body)}.`);
  }
  return body;
}
