import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export const commandLine = new URL('../src/cli/main.js', import.meta.url).pathname;

export interface SandboxProcess {
  /** Address of its admin interface. */
  admin: string;
  origin: string;
  env: Record<string, string>;
  /** Asks for a token. */
  token(): Promise<string>;
  stop(): void;
}

/** The sandbox in a process of its own, as its users run it, so that it does not share the night's thread. */
export async function startSandboxProcess(...options: string[]): Promise<SandboxProcess> {
  const child = spawn(process.execPath, [commandLine, 'sandbox', '--port', '0', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const env: Record<string, string> = {};
  for await (const line of createInterface({ input: child.stdout })) {
    const variable = /^([A-Z_]+)=(.*)$/.exec(line);
    if (variable !== null) env[variable[1] as string] = variable[2] as string;
    if (env.BANDWIDTH_TOKEN_URL !== undefined) break;
  }
  if (env.BANDWIDTH_API_URL === undefined) throw new Error('the sandbox ended before it served');
  const { origin } = new URL(env.BANDWIDTH_API_URL);
  return {
    admin: `${origin}/sandbox`,
    origin,
    env,
    token: () => requestToken(env),
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
