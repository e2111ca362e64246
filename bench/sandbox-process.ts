import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { LoggedRequest, SandboxOptions } from '../src/sandbox/server.js';

export interface SandboxProcess {
  origin: string;
  /** Configuration of its clients. */
  env: Record<string, string>;
  /** Requests a token. */
  token(): Promise<string>;
  /** Clears the request log. */
  clearRequests(): Promise<void>;
  /** Requests since then, in order, except those for tokens. */
  requests(): Promise<LoggedRequest[]>;
  stop(): void;
}

/** The sandbox in a separate process, so that it does not share a thread with the measured code. */
export async function startSandboxProcess(options: SandboxOptions): Promise<SandboxProcess> {
  const script = new URL('./serve-sandbox.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { value: line } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (line === undefined) throw new Error('The sandbox exited before it started to listen.');
  const env: SandboxProcess['env'] = JSON.parse(line);
  const { origin } = new URL(env.BANDWIDTH_API_URL as string);
  const log = `${origin}/sandbox/requests`;
  return {
    origin,
    env,
    token: () => requestToken(env),
    clearRequests: async () => void (await fetch(log, { method: 'DELETE' })),
    requests: async () =>
      ((await (await fetch(log)).json()) as LoggedRequest[]).filter(({ path }) => !path.endsWith('/token')),
    stop: () => void child.kill('SIGTERM'),
  };
}

async function requestToken(env: Record<string, string>): Promise<string> {
  const authorization = Buffer.from(`${env.BANDWIDTH_CLIENT_ID}:${env.BANDWIDTH_CLIENT_SECRET}`).toString('base64');
  const answer = await fetch(env.BANDWIDTH_TOKEN_URL as string, {
    method: 'POST',
    headers: { authorization: `Basic ${authorization}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials',
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  return token;
}
