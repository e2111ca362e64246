/**
 * What a filing may stumble over, as data. The SQL of a check gives a row for each finding; in it `:numbers` stands for the numbers in service at the end of
 * the day (nruf_number_categories), `:day` for the day, `:end` for its end, and `:accounts` for a condition on `account_id`.
 */
export interface AuditCheck {
  id: string;
  /** What the findings are, after their count. */
  title: string;
  /** What that means for the filing, with the rule and its source where there is one. */
  why: string;
  /** `left out`: as it must be, and told only; `attention`: somebody should look at it. */
  kind: 'left out' | 'attention';
  sql: string;
}

const leftOut = (id: string, value: string, title: string, why: string): AuditCheck => ({
  id,
  title,
  why,
  kind: 'left out',
  sql: `select account_id, telephone_number from :numbers where left_out = '${value}' order by telephone_number`,
});

/** Where the in-service list and the number details disagreed when they were last read, whatever the day of the filing. */
const disagreement = (id: string, condition: string, title: string, why: string): AuditCheck => ({
  id,
  title,
  why,
  kind: 'attention',
  sql: `select account_id, telephone_number, status, owner_account_id from telephone_numbers
where removed_at is null and ${condition} and :accounts order by telephone_number`,
});

export const auditChecks: readonly AuditCheck[] = [
  leftOut(
    'ported-in',
    'ported in',
    'numbers ported in from another carrier',
    'They sit in blocks of the carrier that they came from, which reports them: left out.',
  ),
  leftOut(
    'toll-free',
    'toll-free',
    'toll-free numbers',
    'Area codes 800, 833, 844, 855, 866, 877 and 888 are not geographic (47 CFR 52.101 and following are their rules): left out.',
  ),
  leftOut('900', '900', 'numbers of area code 900', 'They go into the form for non-geographic numbers: left out.'),
  leftOut(
    '5xx',
    '5XX',
    'numbers of 5XX area codes',
    'Area codes 500, 521 to 529, 533, 544, 566, 577 and 588 are not geographic, and go into the form for such numbers: left out.',
  ),
  leftOut(
    'not-nanp',
    'not NANP',
    'numbers outside the North American Numbering Plan',
    'Form 502 is about the North American Numbering Plan: left out.',
  ),
  {
    id: 'undeclared',
    title: 'available numbers that nobody ever declared',
    why: 'They count as available. Declare those that work for end users (tn-ledger assign), and those passed to resellers as intermediate (tn-ledger classify).',
    kind: 'attention',
    sql: 'select account_id, telephone_number, npa_nxx_x, rate_center, state from :numbers where undeclared order by telephone_number',
  },
  {
    id: 'assigned-not-in-service',
    title: 'numbers whose last declaration is ASSIGNED, and that are no longer in service',
    why: 'They count nowhere. If an end user still has one, the order that took it away was a mistake; the newest come first.',
    kind: 'attention',
    sql: `select d.account_id, d.telephone_number, d.order_id, d.valid_from as assigned_on, s.valid_to as left_on
from (select distinct on (account_id, telephone_number) * from number_assignment_history
      where valid_from < :end and :accounts order by account_id, telephone_number, valid_from desc) d
left join lateral (select max(h.valid_to) as valid_to from number_status_history h
  where h.account_id = d.account_id and h.telephone_number = d.telephone_number and h.status = 'Inservice' and h.valid_from < :end) s on true
where d.assignment_status = 'ASSIGNED' and not exists (select from number_status_history h
  where h.account_id = d.account_id and h.telephone_number = d.telephone_number and h.status = 'Inservice'
    and h.valid_from < :end and (h.valid_to is null or h.valid_to >= :end))
order by s.valid_to desc nulls last, d.telephone_number`,
  },
  {
    id: 'unknown-outcome',
    title: 'numbers whose assignment outcome is unknown',
    why: "Bandwidth's answer about their order does not add up, so nobody knows whether it accepted them: they count as not declared by it. Every nightly run asks for the order again; if that does not help, ask Bandwidth. A line without a number is an order that does not name its numbers.",
    kind: 'attention',
    sql: `select o.account_id, n.telephone_number, o.order_id, b.batch_id, o.unknown_since, o.unknown_reason
from (select * from number_assignment_orders where unknown_since is not null and :accounts) o
left join number_assignment_order_numbers n on n.account_id = o.account_id and n.order_id = o.order_id and n.outcome = 'UNKNOWN'
left join assignment_orders b on b.order_id = o.order_id
where coalesce(o.order_date < :end, true) order by o.unknown_since, o.order_id, n.telephone_number`,
  },
  {
    id: 'no-place',
    title: 'numbers without rate center or state',
    why: 'The form requires both for each block. Blocks that have other numbers take theirs; the rest are blank, and stop the export.',
    kind: 'attention',
    sql: `select account_id, telephone_number, npa_nxx_x, rate_center, state from :numbers
where left_out is null and (rate_center is null or state is null) order by telephone_number`,
  },
  disagreement(
    'no-details',
    `discrepancy = 'no details'`,
    'numbers in service that /tns did not name when it was last read',
    'They are kept as in service, with what was known of them before. Ask Bandwidth why they have no details; the next night that has some stores them.',
  ),
  disagreement(
    'other-account',
    'owner_account_id is not null',
    'numbers in service whose details name another account',
    'Hosted numbers have their voice service on that account. The other details are those of its row.',
  ),
  disagreement(
    'other-status',
    `discrepancy = 'other status'`,
    'numbers in service that have another status in /tns',
    'Their status is the one in /tns, and a number counts by its status: ask Bandwidth which of the two is right.',
  ),
  {
    id: 'two-rate-centers',
    title: 'blocks spread over more than one rate center or state',
    why: 'A block has one, and may be listed only once: the export names the one of most of its numbers.',
    kind: 'attention',
    sql: `select npa_nxx_x, count(*) as numbers, string_agg(distinct concat_ws(' ', rate_center, state), ', ') as places from :numbers
where left_out is null and rate_center is not null and state is not null
group by npa_nxx_x having count(distinct (rate_center, state)) > 1 order by npa_nxx_x`,
  },
  {
    id: 'ported-from-bandwidth',
    title: 'numbers that look ported in from Bandwidth itself',
    why: "They are counted, for they may well sit in a block of Bandwidth. Look whether they do; if not, the block's holder reports them.",
    kind: 'attention',
    sql: `select n.account_id, n.telephone_number, n.npa_nxx_x, p.losing_carrier_name, p.order_id from :numbers n
join nruf_ports() p on p.telephone_number = n.telephone_number
where n.left_out is null and p.from_bandwidth and p.done_on <= :day order by n.telephone_number`,
  },
  {
    id: 'ported-from-nobody',
    title: 'numbers left out because of a port-in that names no losing carrier',
    why: 'Another carrier than Bandwidth is assumed. Where it was Bandwidth itself, they may belong into the filing.',
    kind: 'attention',
    sql: `select n.account_id, n.telephone_number, p.order_id from :numbers n join nruf_ports() p on p.telephone_number = n.telephone_number
where n.left_out = 'ported in' and p.losing_carrier_name is null order by n.telephone_number`,
  },
  {
    id: 'over-limit',
    title: 'numbers declared reserved for more than 180 days, or aging for more than 365',
    why: 'Numbers held longer than that are not reserved or aging, but available (47 CFR 52.15(f)(1)). They were declared so with `tn-ledger classify --override`, or by other means than tn-ledger classify.',
    kind: 'attention',
    sql: `select account_id, telephone_number, category, valid_from, valid_to, note, overridden from number_categories
where valid_from < :end and (valid_to is null or valid_to >= :end) and :accounts
  and (overridden or category in ('reserved', 'aging') and coalesce(valid_to, 'infinity') >
    valid_from + case category when 'reserved' then interval '180 days' else interval '365 days' end)
order by telephone_number`,
  },
  {
    id: 'intermediate-assigned',
    title: 'intermediate numbers that were declared ASSIGNED to Bandwidth',
    why: 'Numbers passed to a reseller are intermediate, whether he has an end user or not (47 CFR 52.15(f)(1)(v)). They count as intermediate; Bandwidth was told otherwise.',
    kind: 'attention',
    sql: `select n.account_id, n.telephone_number, h.order_id, h.valid_from as assigned_on from :numbers n
join number_assignment_history h on h.account_id = n.account_id and h.telephone_number = n.telephone_number
where n.category = 'intermediate' and h.assignment_status = 'ASSIGNED' and h.valid_from < :end and (h.valid_to is null or h.valid_to >= :end)
order by n.telephone_number`,
  },
  {
    id: 'two-accounts',
    title: 'numbers in service in more than one account at once',
    why: 'Together they count once, where their service began last; filings of single accounts count them in each.',
    kind: 'attention',
    sql: `select telephone_number, string_agg(account_id, ', ' order by account_id) as accounts from number_status_history
where status = 'Inservice' and valid_from < :end and (valid_to is null or valid_to >= :end) and :accounts
group by telephone_number having count(distinct account_id) > 1 order by telephone_number`,
  },
  {
    id: 'counted-twice',
    title: 'numbers whose history has them in service twice at once',
    why: 'They are counted twice. No job writes such a history: please report it.',
    kind: 'attention',
    sql: `select account_id, telephone_number, count(*) as times from :numbers group by 1, 2 having count(*) > 1 order by 2`,
  },
  {
    id: 'old-data',
    title: 'accounts whose numbers were not read in the 36 hours before the end of the day',
    why: 'What came or went in between is known by later readings and by orders, dated by the events as far as Bandwidth dates them.',
    kind: 'attention',
    sql: `select a.account_id, max(r.started_at) as last_read from (select account_id from nruf_accounts() account_id where :accounts) a
left join sync_runs r on r.account_id = a.account_id and r.job in ('sync-inservice-numbers', 'sync-number-details')
  and r.status = 'succeeded' and r.started_at < least(:end, now())
group by 1 having max(r.started_at) is null or max(r.started_at) < least(:end, now()) - interval '36 hours' order by 1`,
  },
  {
    id: 'failed-days',
    title: 'days of the half-year before on which a job failed and did not succeed again',
    why: 'A later run makes up for it where Bandwidth still tells what happened; a day on which nothing ran at all is not among them.',
    kind: 'attention',
    sql: `select account_id, nruf_day(started_at) as day, string_agg(distinct job, ', ') as jobs from sync_runs r
where status in ('failed', 'interrupted') and job <> 'nightly' and started_at < :end and started_at >= :end - interval '6 months' and :accounts
  and not exists (select from sync_runs s where s.account_id = r.account_id and s.job = r.job and s.status = 'succeeded'
    and nruf_day(s.started_at) = nruf_day(r.started_at))
group by 1, 2 order by 2 desc, 1`,
  },
];
