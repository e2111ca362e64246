import { once } from 'node:events';
import { type Command, InvalidArgumentError } from 'commander';
import type { OrderAmounts } from '../sandbox/server.js';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('sandbox')
    .description('run a local sandbox of the Dashboard API for trials, tests and benchmarks')
    .option('--port <port>', 'port on 127.0.0.1', wholeNumber, 8099)
    .option('--accounts <count>', 'accounts', atLeastOne, 1)
    .option('--numbers <count>', 'telephone numbers in each account', wholeNumber, 1000)
    .option('--billing-rows <count>', 'records per day in billing reports', wholeNumber, 100)
    .option('--seed <seed>', 'random seed; the same seed generates the same data', wholeNumber, 1)
    .option('--orders <count>', 'number orders (default: a tenth of the numbers; 0: none)', wholeNumber)
    .option('--disconnects <count>', 'disconnect orders', wholeNumber)
    .option('--portins <count>', 'port-ins', wholeNumber)
    .option('--portouts <count>', 'port-outs', wholeNumber)
    .option('--assignments <count>', 'number assignment orders', wholeNumber)
    .option('--imports <count>', 'import orders for numbers of other carriers (default: none)', wholeNumber)
    .option('--externals <count>', 'external number orders that import such numbers (default: none)', wholeNumber)
    .option(
      '--features <count>',
      'TN option orders, and the same number of LIDB, DL/DA, E911, and LSR orders and bulk port-ins (default: none)',
      wholeNumber,
    )
    .option(
      '--assignment-time <ms>',
      'milliseconds until an assignment order finishes (default: finishes after two reads)',
      wholeNumber,
    )
    .option('--latency <ms>', 'delay before each response', wholeNumber, 0)
    .option('--requests-per-minute <count>', 'return 429 above this rate (0: no limit)', wholeNumber, 0)
    .option('--faults <list>', 'fault rates, such as 429=0.05,reset=0.05; all=0.05 sets every kind except short-list')
    .option('--oddities <list>', 'unusual but possible API responses to simulate, such as empty-details')
    .addHelpText('after', '\nExamples:\n  $ tn-ledger sandbox --port 8099 --numbers 100000 --faults 429=0.02,500=0.02')
    .action(async (options: SandboxCommandOptions) => {
      const { amountNames, parseFaults, parseOddities, startSandbox } = await import('../sandbox/server.js');
      const sandbox = await startSandbox({
        port: options.port,
        accounts: Array.from({ length: options.accounts }, (_, index) => ({
          id: String(firstAccount + index),
          numbers: options.numbers,
        })),
        seed: options.seed,
        billing: { rowsPerDay: options.billingRows },
        latency: options.latency,
        ...Object.fromEntries(
          amountNames.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
        ),
        ...(options.assignmentTime !== undefined && { assignmentPace: { ms: options.assignmentTime } }),
        ...(options.requestsPerMinute > 0 && { requestsPerMinute: options.requestsPerMinute }),
        ...(options.faults !== undefined && { faults: parseFaults(options.faults) }),
        ...(options.oddities !== undefined && { oddities: parseOddities(options.oddities) }),
      });
      process.stdout.write(
        `The sandbox API is serving ${options.accounts === 1 ? '' : `${options.accounts} accounts, each with `}${options.numbers} numbers. Press Ctrl-C to stop. To use it, add these lines to .env:\n\n` +
          `BANDWIDTH_ACCOUNT_ID=${sandbox.accountIds.join(',')}\nBANDWIDTH_CLIENT_ID=${sandbox.clientId}\n` +
          `BANDWIDTH_CLIENT_SECRET=${sandbox.clientSecret}\nBANDWIDTH_API_URL=${sandbox.url}\nBANDWIDTH_TOKEN_URL=${sandbox.tokenUrl}\n` +
          // The default of 100 is for Bandwidth's API.
          `BANDWIDTH_REQUESTS_PER_MINUTE=${options.requestsPerMinute || 100_000}\n`,
      );
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      await sandbox.close();
    });
}

/** Further accounts follow it. */
const firstAccount = 9_900_000;

interface SandboxCommandOptions extends OrderAmounts {
  port: number;
  accounts: number;
  numbers: number;
  billingRows: number;
  seed: number;
  assignmentTime?: number;
  latency: number;
  requestsPerMinute: number;
  faults?: string;
  oddities?: string;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function atLeastOne(text: string): number {
  const count = wholeNumber(text);
  if (count === 0) throw new InvalidArgumentError('It must be at least 1.');
  return count;
}
