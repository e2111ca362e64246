import { startSandbox } from '../src/sandbox/server.js';
import { serveAdmin } from '../test/sandbox/support/admin.js';

/**
 * Serves a sandbox with its admin interface. Takes options as JSON and prints the client configuration as one line of
 * JSON.
 */
const { url, tokenUrl, clientId, clientSecret, accountIds } = await startSandbox({
  ...JSON.parse(process.argv[2] ?? '{}'),
  extend: serveAdmin,
});
const env = {
  BANDWIDTH_ACCOUNT_ID: accountIds.join(','),
  BANDWIDTH_CLIENT_ID: clientId,
  BANDWIDTH_CLIENT_SECRET: clientSecret,
  BANDWIDTH_API_URL: url,
  BANDWIDTH_TOKEN_URL: tokenUrl,
};
process.stdout.write(`${JSON.stringify(env)}\n`);
