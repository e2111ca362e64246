/** A job of an account that fails, or anything else that keeps runs from succeeding. */
export interface Problem {
  /** Problems with the same cause are alerted once. */
  cause: string;
  /** Name of the error, as in `sync_runs.cause`. Problems of one topic share a message. */
  topic: string;
  /** Empty if it concerns no particular account. */
  account: string;
  job: string;
  /** When the first run failed that none succeeded after. */
  since: Date;
  /** When the job last succeeded: its tables are that old. Null: never. */
  lastSuccess: Date | null;
  /** What the job fills. */
  tables: readonly string[];
  error: string | null;
  /** How to fix it; null if the error doesn't say. */
  hint: string | null;
  /** When a later attempt of the night is due; null if none is. */
  nextAttempt: Date | null;
  /** It is retried and may pass by itself: not reported yet. */
  isHeld: boolean;
}
