import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Account } from '../../../src/database/embedded/account.js';
import type { EmbeddedServer } from '../../../src/database/embedded.js';
import { type Installation, thisInstallation } from './installation.js';

/** The line of JSON that a command prints. */
interface Saying {
  joined?: EmbeddedServer;
  failed?: string;
  name?: string;
  hint?: string;
  messages: string[];
}

export interface Command {
  child: ChildProcess;
  server: EmbeddedServer;
  /** Its log messages until it joined. */
  messages: string[];
  /** Makes it release the server and exit. */
  leave(): Promise<void>;
  /** Sends a signal, optionally to its process group, and waits until it exits. */
  end(signal: NodeJS.Signals, target?: 'process' | 'group'): Promise<void>;
}

export interface CommandOptions {
  dataDir: string;
  systemFolder?: string;
  installation?: Installation;
  account?: Account | undefined;
  /** Releases the server on SIGINT, like the program's commands, instead of dying. */
  patient?: boolean;
  /** A program that runs it, with its arguments. */
  within?: string[];
}

/** A command that failed to join the server, with its output. */
export class CommandFailure extends Error {
  constructor(
    readonly saying: Saying,
    errors: string,
  ) {
    super(saying.failed ?? `it said nothing: ${errors}`);
  }
}

/** Runs a process that joins the embedded server and stays until told to leave. */
export async function startCommand(options: CommandOptions): Promise<Command> {
  const { installation = thisInstallation, account, dataDir, systemFolder, patient, within = [] } = options;
  const command = [installation.node, installation.script, JSON.stringify({ dataDir, systemFolder, patient })];
  const [program = '', ...args] = [...within, ...command];
  const child = spawn(program, args, {
    ...account,
    cwd: '/',
    env: { PATH: process.env.PATH, HOME: dataDir },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const saying = await new Promise<Saying>((resolve, reject) => {
    child.once('error', reject);
    createInterface({ input: child.stdout })
      .once('line', (line) => resolve(JSON.parse(line)))
      .once('close', () => resolve({ messages: [] }));
  });
  if (saying.joined === undefined) {
    await exited;
    throw new CommandFailure(saying, errors);
  }
  return {
    child,
    server: saying.joined,
    messages: saying.messages,
    leave: async () => {
      child.stdin.end();
      await exited;
    },
    end: async (signal, target = 'process') => {
      process.kill(target === 'group' ? -(child.pid as number) : (child.pid as number), signal);
      await exited;
    },
  };
}
