import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { type Answer, html, json, notFound } from './answer.js';
import { deliver } from './deliver.js';
import { tokenClaims } from './permissions.js';
import type { LoggedRequest } from './request-log.js';
import { type ApiRequest, createResponder } from './respond.js';
import type { Route } from './route.js';
import { accountRoutes } from './routes/accounts.js';
import { bdrRoutes } from './routes/bdrs.js';
import { billingReportRoutes } from './routes/billing-reports.js';
import { discNumberRoutes } from './routes/discnumbers.js';
import { disconnectRoutes } from './routes/disconnects.js';
import { featureRoutes } from './routes/feature-orders.js';
import { importRoutes } from './routes/import-orders.js';
import { inServiceNumberRoutes } from './routes/inservice-numbers.js';
import { numbersAssignmentRoutes } from './routes/numbers-assignment.js';
import { orderRoutes } from './routes/orders.js';
import { portInRoutes } from './routes/portins.js';
import { portOutRoutes } from './routes/portouts.js';
import { productRoutes } from './routes/products.js';
import { rateCenterRoutes } from './routes/rate-centers.js';
import { reportRoutes } from './routes/reports.js';
import { siteRoutes } from './routes/sites.js';
import { tnRoutes } from './routes/tn.js';
import { tnsRoutes } from './routes/tns.js';
import type { SandboxState } from './state.js';

const features = await featureRoutes();

type Env = { Bindings: HttpBindings; Variables: { entry: LoggedRequest } };

/** Base path of the API; the token URL and all resources are under it. */
export const apiPath = '/api';
export const tokenPath = `${apiPath}/v1/oauth2/token`;
/** Bandwidth serves the same resources under each of these paths. */
const basePaths = [apiPath, `${apiPath}/v1`, `${apiPath}/v2`];

export type SandboxApp = Hono<Env>;

/** The sandbox as a Hono application: the API and its token URL. */
export function createApp(state: SandboxState): SandboxApp {
  const app = new Hono<Env>();
  const respond = createResponder(state);
  const routes = [
    ...accountRoutes(),
    ...inServiceNumberRoutes(),
    ...tnsRoutes(),
    ...tnRoutes(),
    ...orderRoutes(),
    ...disconnectRoutes(),
    ...discNumberRoutes(),
    ...portInRoutes(),
    ...portOutRoutes(),
    ...numbersAssignmentRoutes(),
    ...importRoutes(),
    ...features,
    ...productRoutes(),
    ...siteRoutes(),
    ...rateCenterRoutes(),
    ...billingReportRoutes(),
    ...bdrRoutes(),
    ...reportRoutes(),
  ];

  app.use(`${apiPath}/*`, async (c, next) => {
    c.set('entry', state.log.record({ method: c.req.method, path: c.req.path, query: c.req.query() }));
    await next();
  });
  app.post(tokenPath, async (c) => {
    const form = new URLSearchParams(await c.req.text());
    return send(c, tokenAnswer(state, { authorization: c.req.header('authorization'), grant: form.get('grant_type') }));
  });
  for (const route of routes) {
    app.on(
      route.method,
      basePaths.map((base) => `${base}${route.path}`),
      (c) => serve(c, route),
    );
  }
  app.all(`${apiPath}/*`, (c) => serve(c, noSuchResource));
  app.notFound(() => {
    const { body, contentType, status } = html('404 Not Found', 'No such page.', 404);
    return new Response(body, { status, headers: { 'Content-Type': contentType } });
  });

  async function serve(c: Context<Env>, route: Route): Promise<Response> {
    const request: ApiRequest = {
      route,
      params: c.req.param() as Record<string, string>,
      body: () => c.req.text(),
      header: (name) => c.req.header(name),
      authorization: c.req.header('authorization'),
      acceptEncoding: c.req.header('accept-encoding'),
      response: c.env.outgoing,
      entry: c.get('entry'),
    };
    await respond(request);
    return RESPONSE_ALREADY_SENT;
  }

  async function send(c: Context<Env>, answer: Answer): Promise<Response> {
    await deliver({ response: c.env.outgoing, entry: c.get('entry'), answer, compress: false });
    return RESPONSE_ALREADY_SENT;
  }

  return app;
}

const noSuchResource: Route = {
  method: 'GET',
  path: '/*',
  root: 'ErrorResponse',
  answer: () => notFound('ErrorResponse'),
};

function tokenAnswer(
  state: SandboxState,
  request: { authorization: string | undefined; grant: string | null },
): Answer {
  const { credentials, tokenLifetime } = state;
  if (!credentials.isClient(request.authorization)) {
    return json({ error: 'invalid_client', error_description: 'Client authentication failed' }, 401);
  }
  if (request.grant !== 'client_credentials') {
    return json({ error: 'unsupported_grant_type', error_description: 'Only client_credentials is supported' }, 400);
  }
  return json({
    access_token: credentials.issueToken(tokenClaims(state)),
    token_type: 'Bearer',
    expires_in: tokenLifetime,
  });
}
