import { join, resolve } from 'node:path';
import { syncInserviceNumbers } from '../../jobs/sync-inservice-numbers.js';
import { type AssignOptions, assignFile, prepareResultsFolder } from '../assignment/assign-file.js';
import { outboxFolder } from '../assignment/inbox.js';
import type { ExitStatus } from '../errors.js';
import { checkClocks } from './check-clocks.js';
import { chooseOneAccount } from './choose-accounts.js';
import { estimate, summaryAsJson, summaryAsText } from './format-batch.js';
import { limitHeapGrowth } from './memory.js';
import { printResult } from './print-result.js';
import { readAction } from './read-action.js';
import { openRunEnvironment } from './run-environment.js';
import type { ApiSession } from './session.js';
import { type FileCommandOptions, fileChoices, refreshJob, statusOf, submitFile } from './submit-file.js';

export interface AssignCommandOptions extends FileCommandOptions {
  action?: string;
  dryRun?: boolean;
  force?: boolean;
  again?: boolean;
}

/** Submits a file, writes its results, and prints a summary. */
export async function runAssign(session: ApiSession, path: string, options: AssignCommandOptions): Promise<ExitStatus> {
  const started = performance.now();
  const account = chooseOneAccount(await session.accounts(), { config: session.config, wanted: options.account });
  const resultsFolder = resolve(options.out ?? join(session.config.dataDir, outboxFolder));
  const choices: AssignOptions = {
    action: options.action === undefined ? undefined : readAction(options.action),
    dryRun: options.dryRun ?? false,
    force: options.force ?? false,
    again: options.again ?? false,
    ...fileChoices(path, resultsFolder, options),
  };
  await prepareResultsFolder(resultsFolder);
  limitHeapGrowth();
  const environment = await openRunEnvironment(session, account);
  await checkClocks(session, [account], () => environment);
  const submission = { command: 'assign', account, path, json: options.json } as const;
  const { result, warnings } = await submitFile(session, environment, submission, (context) =>
    assignFile(context, path, {
      ...choices,
      ...(options.syncFirst && {
        refreshInventory: () => refreshJob(session, environment, syncInserviceNumbers, account),
      }),
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const isDryRun = result.kind === 'dry run';
  const facts = {
    seconds,
    warnings,
    estimate: isDryRun ? estimate(result.summary.orders, environment.requestsPerMinute) : undefined,
  };
  const print = options.json ? summaryAsJson : summaryAsText;
  printResult(session.redact(print(result, facts)), options);
  return statusOf(result, options);
}
