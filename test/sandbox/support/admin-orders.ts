import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { LedgerError } from '../../../src/errors.js';
import type { OrderKind, OrderQuirk, SandboxAccount, SandboxOrderBase } from '../../../src/sandbox/server.js';
import { misbehave, orderListings, orderQuirks } from './misbehave.js';
import { orderPatch, placement } from './read-placement.js';
import { sendLines } from './send-lines.js';

const listings: Record<string, (account: SandboxAccount) => Iterable<unknown>> = {
  ...orderListings,
  disconnectednumbers: (account) => account.disconnectedNumbers(),
};

const placing: Record<OrderKind, (account: SandboxAccount, body: unknown) => SandboxOrderBase> = {
  orders: (account, body) => account.placeOrder(placement.orders(body)),
  disconnects: (account, body) => account.placeDisconnect(placement.disconnects(body)),
  portins: (account, body) => account.placePortIn(placement.portins(body)),
  portouts: (account, body) => account.placePortOut(placement.portouts(body)),
  numbersAssignment: (account, body) => account.placeAssignment(placement.numbersAssignment(body)),
  importTnOrders: (account, body) => account.placeImport(placement.importTnOrders(body)),
  removeImportedTnOrders: (account, body) => account.placeRemoval(placement.removeImportedTnOrders(body)),
  externalTns: (account, body) => account.placeExternal(placement.externalTns(body)),
};

/** Admin routes for orders: lists them as JSON lines, places and changes them, and sets their quirks. */
export function adminOrderRoutes(accountOf: (id: string) => SandboxAccount): Hono<{ Bindings: HttpBindings }> {
  const admin = new Hono<{ Bindings: HttpBindings }>();
  admin.post('/accounts/:accountId/busy-day', (c) => {
    const seed = c.req.query('seed') ?? '1';
    if (!/^\d{1,9}$/.test(seed)) {
      throw new LedgerError(`The parameter seed must be a whole number, not '${seed}'.`);
    }
    return c.json(accountOf(c.req.param('accountId')).busyDay(Number(seed)));
  });
  admin.get('/accounts/:accountId/:listing', (c) => {
    const listing = listings[c.req.param('listing')];
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
    const kind = kindOf(c.req.param('kind'), orderListings);
    return c.json(misbehave(accountOf(c.req.param('accountId')), kind, quirksOf(await c.req.json())));
  });
  admin.patch('/accounts/:accountId/:kind/:orderId', async (c) => {
    const { accountId, kind, orderId } = c.req.param();
    accountOf(accountId).changeOrder(kindOf(kind, placing), orderId, orderPatch(await c.req.json()));
    return c.body(null, 204);
  });
  return admin;
}

function kindOf<K extends string>(text: string, kinds: Record<K, unknown>): K {
  if (!Object.hasOwn(kinds, text)) {
    throw new LedgerError(`Unknown order kind '${text}'.`, { hint: `Kinds: ${Object.keys(kinds).join(', ')}.` });
  }
  return text as K;
}

function quirksOf(body: unknown): OrderQuirk[] {
  const known: readonly unknown[] = orderQuirks;
  if (!Array.isArray(body) || !body.every((quirk) => known.includes(quirk))) {
    throw new LedgerError(`Quirks must be a list of ${orderQuirks.join(', ')}, not ${JSON.stringify(body)}.`);
  }
  return body;
}
