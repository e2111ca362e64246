import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { LedgerError, messageOf } from '../../../src/errors.js';
import type { AccountState } from '../../../src/sandbox/account.js';
import type { SandboxApp } from '../../../src/sandbox/app.js';
import { sandboxCredentials } from '../../../src/sandbox/credentials.js';
import { checkFaults } from '../../../src/sandbox/faults.js';
import { checkOddities } from '../../../src/sandbox/oddities.js';
import type { SandboxState } from '../../../src/sandbox/state.js';
import { adminOrderRoutes } from './admin-orders.js';
import { sendLines } from './send-lines.js';

/**
 * Adds an admin interface under `/sandbox`, for programs that run the sandbox as a separate process: its log, numbers,
 * orders, faults, oddities and clock.
 */
export function serveAdmin(app: SandboxApp, state: SandboxState): void {
  const admin = new Hono<{ Bindings: HttpBindings }>();
  const accountOf = (id: string): AccountState => {
    const account = state.accounts.get(id);
    if (account === undefined) {
      throw new LedgerError(`The sandbox has no account ${id}.`, {
        hint: `Its accounts: ${[...state.accounts.keys()].join(', ')}.`,
      });
    }
    return account;
  };

  admin.get('/info', (c) =>
    c.json({
      ...sandboxCredentials,
      seed: state.seed,
      now: state.clock.now().toISOString(),
      faults: state.faults,
      oddities: state.oddities,
      accounts: [...state.accounts.values()].map(({ id, count, inServiceCount }) => ({ id, count, inServiceCount })),
    }),
  );
  admin.get('/requests', (c) => c.json(state.log.entries));
  admin.delete('/requests', (c) => {
    state.log.clear();
    return c.body(null, 204);
  });
  admin.get('/accounts/:accountId/numbers', (c) =>
    sendLines(c.env.outgoing, accountOf(c.req.param('accountId')).numbers()),
  );
  admin.post('/accounts/:accountId/churn', (c) => {
    const account = accountOf(c.req.param('accountId'));
    return c.json(
      account.churn(wholeNumber('count', c.req.query('count')), wholeNumber('seed', c.req.query('seed') ?? '1')),
    );
  });
  admin.route('/', adminOrderRoutes(accountOf));
  admin.put('/faults', async (c) => {
    state.faults = checkFaults(await c.req.json());
    return c.json(state.faults);
  });
  admin.put('/oddities', async (c) => {
    state.oddities = checkOddities(await c.req.json());
    return c.json(state.oddities);
  });
  admin.post('/clock', (c) => {
    state.clock.advance(wholeNumber('advance', c.req.query('advance')));
    return c.json({ now: state.clock.now().toISOString() });
  });
  admin.onError((error, c) => {
    const asked = error instanceof LedgerError || error instanceof SyntaxError;
    return c.json({ error: messageOf(error) }, asked ? 400 : 500);
  });
  app.route('/sandbox', admin);
}

function wholeNumber(name: string, text: string | undefined): number {
  if (text === undefined || !/^\d{1,12}$/.test(text)) {
    throw new LedgerError(`The parameter ${name} must be a whole number, not '${text ?? ''}'.`);
  }
  return Number(text);
}
