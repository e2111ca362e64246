import { once } from 'node:events';
import { type Command, InvalidArgumentError } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('sandbox')
    .description('serve a local Dashboard API to try, test and measure against')
    .option('--port <port>', 'port on 127.0.0.1', wholeNumber, 8099)
    .option('--numbers <count>', 'telephone numbers of its account', wholeNumber, 1000)
    .option('--billing-rows <count>', 'records of a day in billing reports', wholeNumber, 100)
    .option('--seed <seed>', 'the same seed gives the same numbers', wholeNumber, 1)
    .option('--orders <count>', 'number orders (a tenth of the numbers unless told; 0: none)', wholeNumber)
    .option('--disconnects <count>', 'disconnect orders', wholeNumber)
    .option('--portins <count>', 'port-ins', wholeNumber)
    .option('--portouts <count>', 'port-outs', wholeNumber)
    .option('--assignments <count>', 'orders that declared numbers assigned or not', wholeNumber)
    .option('--imports <count>', 'orders that imported numbers of other carriers (none unless told)', wholeNumber)
    .option(
      '--assignment-time <ms>',
      'how long an assignment order takes; else it is at its end when read twice',
      wholeNumber,
    )
    .option('--latency <ms>', 'wait before every answer', wholeNumber, 0)
    .option('--requests-per-minute <count>', 'answer 429 beyond this (0: no limit)', wholeNumber, 0)
    .option(
      '--faults <list>',
      'faults and their rates, such as 429=0.05,reset=0.05; all=0.05 for every kind but short-list',
    )
    .option('--oddities <list>', 'answers that the API may give and few expect, such as empty-details')
    .addHelpText('after', '\nExample:\n  $ tn-ledger sandbox --port 8099 --numbers 100000 --faults 429=0.02,500=0.02')
    .action(async (options: SandboxCommandOptions) => {
      const { parseFaults, parseOddities, startSandbox } = await import('../sandbox/server.js');
      const sandbox = await startSandbox({
        port: options.port,
        numbers: options.numbers,
        seed: options.seed,
        billing: { rowsPerDay: options.billingRows },
        latency: options.latency,
        ...amountsOf(options),
        ...(options.assignmentTime !== undefined && { assignmentPace: { ms: options.assignmentTime } }),
        ...(options.requestsPerMinute > 0 && { requestsPerMinute: options.requestsPerMinute }),
        ...(options.faults !== undefined && { faults: parseFaults(options.faults) }),
        ...(options.oddities !== undefined && { oddities: parseOddities(options.oddities) }),
      });
      process.stdout.write(
        `The sandbox API serves ${options.numbers} numbers until Ctrl-C. To use it, put this in .env:\n\n` +
          `BANDWIDTH_ACCOUNT_ID=${sandbox.accountIds.join(',')}\nBANDWIDTH_CLIENT_ID=${sandbox.clientId}\n` +
          `BANDWIDTH_CLIENT_SECRET=${sandbox.clientSecret}\nBANDWIDTH_API_URL=${sandbox.url}\nBANDWIDTH_TOKEN_URL=${sandbox.tokenUrl}\n`,
      );
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      await sandbox.close();
    });
}

const amounts = ['orders', 'disconnects', 'portins', 'portouts', 'assignments', 'imports'] as const;
type Amounts = Partial<Record<(typeof amounts)[number], number>>;

function amountsOf(options: Amounts): Amounts {
  return Object.fromEntries(amounts.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
}

interface SandboxCommandOptions extends Amounts {
  port: number;
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
