import type { ExecutionContext } from 'ava';
import type { AssignContext } from '../../src/assignment/assign-context.js';
import {
  type CheckedPlan,
  type PlanOptions,
  planFile,
  type ReconcileOptions,
  type ReconcileResult,
  reconcileFile,
} from '../../src/assignment/reconcile-file.js';
import type { PlanGroup } from '../../src/assignment/reconcile-plan.js';
import { resultFiles } from '../../src/assignment/results.js';
import type { TestServer } from '../support/postgres.js';
import type { LedgerOptions } from '../sync/support/ledger.js';
import { type Assigning, openAssigning } from './support.js';

/** A ledger with the sandbox's numbers and assignment orders loaded. */
export interface Reconciling extends Assigning {
  plan(path: string, options?: Partial<PlanOptions>): Promise<CheckedPlan>;
  reconcile(
    path: string,
    options?: Partial<ReconcileOptions>,
    context?: Partial<AssignContext>,
  ): Promise<ReconcileResult>;
}

export async function openReconciling(
  t: ExecutionContext<unknown>,
  server: TestServer,
  options: LedgerOptions = {},
): Promise<Reconciling> {
  const world = await openAssigning(t, server, options);
  t.is((await world.run('sync-number-assignments')).result, 'succeeded');
  return {
    ...world,
    plan: (path, more = {}) => planFile(world.context(), path, { prune: false, ...more }),
    reconcile: (path, more = {}, context = {}) =>
      reconcileFile(world.context(context), path, {
        ...{ prune: false, wait: true, timeoutMs: 60_000 },
        files: resultFiles(`${world.dataDir}/outbox`, path),
        ...more,
      }),
  };
}

/** How many numbers or lines are in each group of a plan. */
export function countsOf({ plan }: Pick<CheckedPlan, 'plan'>): Partial<Record<PlanGroup, number>> {
  const counts: Partial<Record<PlanGroup, number>> = {};
  for (const { group, count } of plan.reasons) counts[group] = (counts[group] ?? 0) + count;
  return counts;
}

/** The orders placed at the sandbox: the action, then the numbers. */
export function ordersOf(world: Assigning): string[][] {
  return world
    .placed()
    .map(({ action, numbers }) => [action, ...numbers.map(({ telephoneNumber }) => telephoneNumber)]);
}
