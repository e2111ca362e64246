// Look up each account or job by index, because `sync_runs` has the runs of every night.

/** SQL, after `with recursive`: the table `accounts` of the `account_id`s that any run was for. */
export const accountsWithRuns = `accounts as (
       (select account_id from sync_runs order by account_id limit 1)
       union all
       select next.account_id from accounts cross join lateral (
         select r.account_id from sync_runs r where r.account_id > accounts.account_id
          order by r.account_id limit 1) as next)`;

/**
 * SQL, after `with recursive`: the table `jobs` of the jobs that ever ran, with `account_id` and `job`.
 *
 * @param condition on the row `r` of `sync_runs`
 */
export function jobsWithRuns(condition = 'true'): string {
  return `jobs as (
       (select r.account_id, r.job from sync_runs r where ${condition} order by r.account_id, r.job limit 1)
       union all
       select next.account_id, next.job from jobs cross join lateral (
         select r.account_id, r.job from sync_runs r
          where (r.account_id, r.job) > (jobs.account_id, jobs.job) and ${condition}
          order by r.account_id, r.job limit 1) as next)`;
}
