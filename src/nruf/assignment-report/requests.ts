import type pg from 'pg';
import type { ReportInstance } from '../../dashboard/report-instances.js';
import type { Database } from '../../database/connect.js';
import { change } from '../../database/transaction.js';
import type { Day } from '../../days.js';

/** An instance that isn't finished: not created for certain, not ready, or not loaded. An account has at most one. */
export interface OpenRequest {
  periodStart: Day;
  reportId: string;
  /** Undefined: an earlier run may have created it, and its id was lost. */
  instanceId: string | undefined;
  state: 'requesting' | 'waiting' | 'downloaded';
  requestedAt: Date;
  /** Ids of the instances that existed before the request. */
  otherInstances: readonly string[];
  /** File name in `downloads/`, once downloaded. */
  fileName: string | undefined;
}

export async function readOpenRequest(pool: pg.Pool, account: string): Promise<OpenRequest | undefined> {
  const { rows } = await pool.query(
    `select period_start::text, report_id, instance_id, state, requested_at, other_instances, file_name
       from assignment_reports where account_id = $1 and state in ('requesting', 'waiting', 'downloaded')`,
    [account],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    periodStart: row.period_start,
    reportId: row.report_id,
    instanceId: row.instance_id ?? undefined,
    state: row.state,
    requestedAt: row.requested_at,
    otherInstances: row.other_instances ?? [],
    fileName: row.file_name ?? undefined,
  };
}

/** Whether an instance was created for a period or a later one, whatever became of it. */
export async function hasRequest(pool: pg.Pool, account: string, periodStart: Day): Promise<boolean> {
  const { rows } = await pool.query(
    'select exists (select from assignment_reports where account_id = $1 and period_start >= $2) as found',
    [account, periodStart],
  );
  return rows[0].found;
}

/** Records a request before it is sent: if its answer is lost, the next run looks for the instance first. */
export async function recordRequest(database: Database, account: string, request: OpenRequest): Promise<void> {
  const { periodStart, reportId, requestedAt, otherInstances } = request;
  await change(
    database,
    `insert into assignment_reports (account_id, period_start, report_id, state, requested_at, other_instances)
     values ($1, $2, $3, 'requesting', $4, $5)`,
    [account, periodStart, reportId, requestedAt, otherInstances],
  );
}

/** Forgets a request that the API rejected: there is no instance. */
export async function forgetRequest(database: Database, account: string, periodStart: Day): Promise<void> {
  await change(
    database,
    `delete from assignment_reports where account_id = $1 and period_start = $2 and state = 'requesting'`,
    [account, periodStart],
  );
}

export async function recordInstance(
  database: Database,
  account: string,
  periodStart: Day,
  instanceId: string,
): Promise<void> {
  await change(
    database,
    `update assignment_reports set state = 'waiting', instance_id = $3, other_instances = null
      where account_id = $1 and period_start = $2`,
    [account, periodStart, instanceId],
  );
}

/** Records the status that Bandwidth reports, and what else it says about an instance that is ready. */
export async function recordStatus(
  database: Database,
  account: string,
  periodStart: Day,
  { status, instance, now }: { status: string; instance?: ReportInstance; now: Date },
): Promise<void> {
  await change(
    database,
    `update assignment_reports
        set status = $3, created_at = coalesce($4, created_at), expires_on = coalesce($5, expires_on),
            parameters = coalesce($6, parameters), ready_at = case when $7 then coalesce(ready_at, $8) else ready_at end
      where account_id = $1 and period_start = $2`,
    [
      ...[account, periodStart, status, instance?.requestedAt, instance?.expiresOn],
      ...[instance && JSON.stringify(instance.parameters), instance !== undefined, now],
    ],
  );
}

export async function recordFile(
  database: Database,
  account: string,
  periodStart: Day,
  file: { name: string; bytes: number },
): Promise<void> {
  await change(
    database,
    `update assignment_reports set state = 'downloaded', file_name = $3, file_bytes = $4, error = null
      where account_id = $1 and period_start = $2`,
    [account, periodStart, file.name, file.bytes],
  );
}

/** Records why an instance can't be used. `isFinal`: the next period gets another. */
export async function recordError(
  database: Database,
  account: string,
  periodStart: Day,
  { error, isFinal }: { error: string; isFinal: boolean },
): Promise<void> {
  await change(
    database,
    `update assignment_reports set error = $3, state = case when $4 then 'failed' else state end
      where account_id = $1 and period_start = $2`,
    [account, periodStart, error, isFinal],
  );
}
