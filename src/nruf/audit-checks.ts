import { coveredRateCenters } from '../dashboard/resources/covered-rate-centers.js';
import { numberAssignments } from '../dashboard/resources/number-assignments.js';
import { longestAgingDays, longestReservedDays, longestResidentialAgingDays, shortestAgingDays } from './limits.js';

/**
 * A check for problems in a filing. Its SQL returns one row per finding. Placeholders: `:numbers` is the inventory at the end of the day
 * (nruf_number_categories), `:differences` those between Bandwidth's assignment report and the ledger
 * (assignment_report_differences), `:day` the day, `:end` the end of the day, and `:accounts` a condition on `account_id`.
 */
export interface AuditCheck {
  id: string;
  /** A noun phrase that names the findings. */
  title: string;
  /** The effect on the filing, with the rule and its source, if any. */
  why: string;
  /** `left out`: correctly excluded, for information only; `attention`: needs review. */
  kind: 'left out' | 'attention';
  /** The command that fixes the findings; undefined: they are to be looked at, and may be right as they are. */
  fix?: string;
  /** The findings are rate centers: each example gets the official abbreviation in its state that is spelled almost the same. */
  suggestsAbbreviation?: true;
  sql: string;
}

/** A monthly list may be late once. */
const listDays = 60;

/** A weekly report may be late once. */
const reportDays = 14;

const leftOut = (id: string, value: string, title: string, why: string): AuditCheck => ({
  id,
  title,
  why,
  kind: 'left out',
  sql: `select account_id, telephone_number from :numbers where left_out = '${value}' order by telephone_number`,
});

/** The in-service list and the number details disagreed when they were last read, regardless of the day of the filing. */
const disagreement = (id: string, condition: string, title: string, why: string): AuditCheck => ({
  id,
  title,
  why,
  kind: 'attention',
  sql: `select account_id, telephone_number, status, owner_account_id from telephone_numbers
where removed_at is null and ${condition} and :accounts order by telephone_number`,
});

/**
 * What the attributes of a number (`t`) say when they were last read, and the order in force that imported it (`i`), regardless of the
 * day of the filing.
 */
const attributesSay = (id: string, condition: string, title: string, why: string): AuditCheck => ({
  id,
  title,
  why,
  kind: 'attention',
  sql: `select t.account_id, t.telephone_number, t.tn_attributes, i.order_kind, i.order_id
from (select * from telephone_numbers where removed_at is null and tn_attributes is not null and :accounts) t
left join (select distinct on (account_id, telephone_number) account_id, telephone_number, order_kind, order_id
  from imported_numbers where removed_at is null order by account_id, telephone_number, imported_at) i
  on i.account_id = t.account_id and i.telephone_number = t.telephone_number
where ${condition} order by t.telephone_number`,
});

/** Numbers that joined or left the inventory without an order, by what the API's history of them says. */
const unexplained = (id: string, condition: string, title: string, why: string, fix?: string): AuditCheck => ({
  id,
  title,
  why,
  kind: 'attention',
  ...(fix !== undefined && { fix }),
  sql: `select account_id, telephone_number, kind, moved_at, event_at, order_type, order_id, error from unexplained_moves
where ${condition} and moved_at < :end and :accounts order by moved_at desc, telephone_number`,
});

/** Differences between Bandwidth's latest assignment report and the ledger at the time of the report, not at the day of the filing. */
const reportDifference = (id: string, condition: string, title: string, why: string): AuditCheck => ({
  id,
  title,
  why,
  kind: 'attention',
  sql: `select account_id, telephone_number, ledger_status, report_status, order_id, ledger_since from :differences
where ${condition} and :accounts order by account_id, telephone_number`,
});

/**
 * Rate centers of the numbers that count which aren't official abbreviations in their state, according to Bandwidth's list of the rate
 * centers that it covers: `abbreviations` of the rate centers with that name, and the states where it is one (`other_states`). Nothing
 * is known without the list.
 */
const rateCenters = (
  check: Pick<AuditCheck, 'id' | 'title' | 'why' | 'suggestsAbbreviation'>,
  condition: string,
): AuditCheck => ({
  ...check,
  kind: 'attention',
  sql: `select * from (
  select p.*,
    (select string_agg(distinct r.abbreviation, ', ') from ${coveredRateCenters.table} r
      where upper(r.name) = upper(p.rate_center) and r.state = p.state) as abbreviations,
    (select string_agg(distinct r.state, ', ') from ${coveredRateCenters.table} r
      where upper(r.abbreviation) = upper(p.rate_center) and r.state <> p.state) as other_states
  from (select rate_center, state, count(distinct npa_nxx_x) as blocks, count(*) as numbers, min(npa_nxx_x) as example
    from :numbers where left_out is null and rate_center is not null and state is not null group by 1, 2) as p
  where exists (select from ${coveredRateCenters.table})
    and not exists (select from ${coveredRateCenters.table} r where upper(r.abbreviation) = upper(p.rate_center) and r.state = p.state)
) as places where ${condition} order by state, rate_center`,
});

export const auditChecks: readonly AuditCheck[] = [
  leftOut(
    'ported-in',
    'ported in',
    'numbers ported in from another carrier',
    'They belong to blocks of the losing carrier, which reports them. They are left out.',
  ),
  leftOut(
    'toll-free',
    'toll-free',
    'toll-free numbers',
    'Area codes 800, 833, 844, 855, 866, 877 and 888 are not geographic (47 CFR 52.101 ff.). They are left out.',
  ),
  leftOut(
    '900',
    '900',
    'numbers in area code 900',
    'They belong on the form for non-geographic numbers. They are left out.',
  ),
  leftOut(
    '5xx',
    '5XX',
    'numbers in 5XX area codes',
    'Area codes 500, 521 to 529, 532, 533, 544, 566, 577 and 588 are not geographic and belong on the form for non-geographic numbers. They are left out.',
  ),
  leftOut(
    'not-nanp',
    'not NANP',
    'numbers outside the North American Numbering Plan',
    'Form 502 covers the North American Numbering Plan only. They are left out.',
  ),
  leftOut(
    'not-united-states',
    'not United States',
    'numbers in area codes outside the United States and its territories',
    'Canada, Bermuda and the Caribbean states share the numbering plan but have their own regulators. They are left out.',
  ),
  leftOut(
    'imported',
    'imported',
    'numbers imported from another carrier',
    'An import order, an external number order, or the attribute External or Imported says so. They stay in the inventory of that carrier, which reports them. They are left out and cannot be assigned at Bandwidth (5130).',
  ),
  attributesSay(
    'import-without-attribute',
    `not t.tn_attributes && '{External,Imported}' and i.order_id is not null`,
    'numbers that an order imported and that lack the attribute External or Imported',
    'They are left out, because of the order. If they were removed from the account and came back as numbers of Bandwidth, they count: ask Bandwidth.',
  ),
  attributesSay(
    'attribute-without-import',
    `t.tn_attributes && '{External,Imported}' and i.order_id is null`,
    'numbers with the attribute External or Imported that no order imported',
    'They are left out, because of the attribute. Orders that the API no longer lists are not in the ledger, nor are external number orders if the credentials cannot read them (sync-external-tns). If one is a number of Bandwidth, it should count: ask Bandwidth.',
  ),
  attributesSay(
    'hosted-attribute',
    `'Hosted' = any(t.tn_attributes) and t.owner_account_id is null and not t.tn_attributes && '{External,Imported}' and i.order_id is null`,
    'numbers with the attribute Hosted whose details name no other account',
    'They count: a hosted number has voice service on one account and messaging on another, and the account with the voice service reports it. If the voice service is elsewhere, it should not count: ask Bandwidth.',
  ),
  attributesSay(
    'unknown-attribute',
    `not t.tn_attributes <@ '{External,Hosted,Imported,Protected}'`,
    'numbers with attributes that have no counting rule',
    'Their attributes do not decide how they count. Ask Bandwidth what they mean.',
  ),
  {
    id: 'hosted',
    title: 'hosted numbers (the number details name another account as the owner)',
    why: 'Their voice service is on that account, which reports them. They are left out. The other details also come from that account.',
    kind: 'left out',
    sql: `select n.account_id, n.telephone_number, t.owner_account_id from :numbers n
join telephone_numbers t on t.account_id = n.account_id and t.telephone_number = n.telephone_number
where n.left_out = 'hosted' order by n.telephone_number`,
  },
  {
    id: 'area-code-and-state',
    title: 'numbers whose area code and state are in different countries or territories',
    why: 'The area code decides whether a number is outside the United States. Check the rate center and state of these numbers.',
    kind: 'attention',
    sql: `select n.account_id, n.telephone_number, a.country as area_code_country, n.state, n.left_out from :numbers n
join area_codes a on a.npa = left(n.npa_nxx_x, 3)
where coalesce(n.left_out, '') not in ('toll-free', '900', '5XX')
  and (coalesce(nruf_in_united_states(n.state), false) <> a.united_states
    or a.united_states and n.state <> a.country and (a.country <> 'US' or n.state in ('PR', 'VI', 'GU', 'AS', 'MP')))
  and n.state is not null
order by n.telephone_number`,
  },
  {
    id: 'unknown-area-code',
    title: 'numbers in an area code that is not in area_codes',
    why: 'Their state decides whether they are in the United States; without a known state, they count. A newer version of tn-ledger may have the area code.',
    kind: 'attention',
    sql: `select n.account_id, n.telephone_number, n.state, n.left_out from :numbers n
where n.npa_nxx_x is not null and coalesce(n.left_out, '') not in ('toll-free', '900', '5XX')
  and not exists (select from area_codes a where a.npa = left(n.npa_nxx_x, 3))
order by n.telephone_number`,
  },
  {
    id: 'unknown-status',
    title: 'statuses without a counting rule',
    why: 'Inservice and InAccount numbers count. Aging numbers are back at Bandwidth. Numbers in these statuses do not count anywhere: ask Bandwidth what the statuses mean.',
    kind: 'attention',
    sql: `select status, count(*) as numbers, min(telephone_number) as example from number_status_history
where not nruf_in_inventory(status) and status <> 'Aging' and valid_from < :end and (valid_to is null or valid_to >= :end) and :accounts
group by status order by 2 desc, 1`,
  },
  {
    id: 'undeclared',
    title: 'available numbers that were never marked ASSIGNED or UNASSIGNED',
    why: 'They count as available. Mark the ones that end users have as ASSIGNED (tn-ledger assign). Classify the ones passed to resellers as intermediate (tn-ledger classify).',
    kind: 'attention',
    fix: 'tn-ledger assign FILE --action ASSIGN',
    sql: 'select account_id, telephone_number, npa_nxx_x, rate_center, state from :numbers where undeclared order by telephone_number',
  },
  {
    id: 'assigned-not-in-service',
    title: 'numbers that are no longer in service and whose last assignment status is ASSIGNED',
    why: 'They do not count anywhere. If an end user still has one, the order that removed it was a mistake. The most recent come first.',
    kind: 'attention',
    // Few numbers have left: they are found before their intervals are sorted.
    sql: `select d.account_id, d.telephone_number, d.order_id, d.valid_from as assigned_on, s.valid_to as left_on
from (select distinct on (a.account_id, a.telephone_number) a.* from number_assignment_history a
      where a.valid_from < :end and :accounts and not exists (select from number_status_history h
        where h.account_id = a.account_id and h.telephone_number = a.telephone_number and nruf_in_inventory(h.status)
          and h.valid_from < :end and (h.valid_to is null or h.valid_to >= :end))
      order by a.account_id, a.telephone_number, a.valid_from desc) d
left join lateral (select max(h.valid_to) as valid_to from number_status_history h
  where h.account_id = d.account_id and h.telephone_number = d.telephone_number and nruf_in_inventory(h.status) and h.valid_from < :end) s on true
where d.assignment_status = 'ASSIGNED'
order by s.valid_to desc nulls last, d.telephone_number`,
  },
  {
    id: 'unknown-outcome',
    title: 'numbers whose assignment outcome is unknown',
    why: "The totals in Bandwidth's response for their order do not add up, so it is unknown whether Bandwidth accepted them. They count as if the order had not marked them. Every nightly run reads the order again; if the outcome stays unknown, ask Bandwidth. A row without a number is an order that does not list its numbers.",
    kind: 'attention',
    fix: 'tn-ledger run sync-number-assignments',
    sql: `select o.account_id, n.telephone_number, o.order_id, b.batch_id, o.unknown_since, o.unknown_reason
from (select * from ${numberAssignments.table} where unknown_since is not null and :accounts) o
left join ${numberAssignments.numbersTable} n on n.account_id = o.account_id and n.order_id = o.order_id and n.outcome = 'UNKNOWN'
left join assignment_orders b on b.order_id = o.order_id
where coalesce(o.order_date < :end, true) order by o.unknown_since, o.order_id, n.telephone_number`,
  },
  {
    id: 'assignment-report-missing',
    title: `accounts without a Bandwidth assignment report of the last ${reportDays} days`,
    why: 'Their assignment status is not compared with a second source, or only with an old one. last_error says why the last report was not loaded. If there is none, TN_LEDGER_ASSIGNMENT_REPORT is off, or `tn-ledger run fetch-assignment-report` says why.',
    kind: 'attention',
    sql: `select n.account_id, r.ready_at as last_report, l.state as last_state, l.error as last_error
from (select distinct account_id from :numbers) n
left join assignment_reports r on r.account_id = n.account_id and r.state = 'loaded'
left join lateral (select state, error from assignment_reports a
  where a.account_id = n.account_id order by period_start desc limit 1) l on true
where r.ready_at is null or r.ready_at < now() - interval '${reportDays} days' order by 1`,
  },
  reportDifference(
    'assigned-in-ledger-only',
    `difference = 'assigned in the ledger only'`,
    "numbers that are ASSIGNED in the ledger and not in Bandwidth's assignment report",
    'Bandwidth prepares its own filings from its status. Both were compared as of the latest report. If an end user has the number, mark it again: tn-ledger assign FILE --action ASSIGN --again.',
  ),
  reportDifference(
    'assigned-in-report-only',
    `difference = 'assigned in the report only'`,
    "numbers that are ASSIGNED in Bandwidth's assignment report and not in the ledger",
    'The ledger knows no order that marked them ASSIGNED, or a later one that marked them UNASSIGNED. Both were compared as of the latest report. Ask Bandwidth which order marked them.',
  ),
  reportDifference(
    'report-status-unknown',
    `difference = 'status not understood'`,
    "numbers whose status in Bandwidth's assignment report is not understood, or contradictory",
    'They were not compared. Add the words to the section assignment_report in the file in TN_LEDGER_FORM_FILE; the next report uses them.',
  ),
  reportDifference(
    'report-not-in-inventory',
    `difference = 'not in the inventory'`,
    "numbers in Bandwidth's assignment report that the account didn't have in the ledger",
    'Either the inventory lacks numbers, which would be missing from the filing, or the report lists more than the numbers in service. Run `tn-ledger run sync-inservice-numbers`; if they stay, ask Bandwidth.',
  ),
  reportDifference(
    'assigned-not-in-report',
    `difference = 'not in the report' and ledger_status = 'ASSIGNED'`,
    "numbers that are ASSIGNED in the ledger and that Bandwidth's assignment report doesn't list",
    'That alone is no evidence: Bandwidth does not document that the report is complete. If only a few are missing, ask why.',
  ),
  unexplained(
    'moves-unexplained',
    'read_at is not null and event_at is null',
    "numbers that joined or left the inventory without an order, and that Bandwidth's history of them doesn't explain either",
    'They count from when they were in service, or until a run found them gone. Ask Bandwidth what happened to them.',
  ),
  unexplained(
    'moves-explained-by-history',
    'event_at is not null',
    'numbers that joined or left the inventory without an order, and whose history at Bandwidth says when and why',
    "The ledger lacks the order; Bandwidth's history has an event for it. They count by the ledger's date (moved_at), not by Bandwidth's (event_at): check those for which a reporting date is between the two.",
  ),
  unexplained(
    'moves-not-read',
    'read_at is null',
    'numbers that joined or left the inventory without an order, and whose history at Bandwidth was not read yet',
    'Each nightly run reads some, the latest moves first (TN_LEDGER_NUMBER_HISTORIES_PER_NIGHT).',
    'tn-ledger run fetch-number-histories',
  ),
  {
    id: 'no-place',
    title: 'numbers without a rate center or state',
    why: 'The form requires both for each block. A block takes them from its other numbers; if there are none, they are blank, which stops the export.',
    kind: 'attention',
    fix: 'tn-ledger run sync-number-details',
    sql: `select account_id, telephone_number, npa_nxx_x, rate_center, state from :numbers
where left_out is null and (rate_center is null or state is null) order by telephone_number`,
  },
  rateCenters(
    {
      id: 'rate-center-name',
      title: 'rate centers that are names, not abbreviations',
      why: "The form requires the official abbreviation. Bandwidth's list of rate centers has one for the name in that state (abbreviations). The filing has what Bandwidth says about the numbers: correct it in the file.",
    },
    'abbreviations is not null',
  ),
  rateCenters(
    {
      id: 'rate-center-state',
      title: "rate centers that Bandwidth's list has in other states only",
      why: 'Either the state or the rate center is wrong, or Bandwidth does not cover the rate center in this state. Check both, and correct them in the file.',
    },
    'abbreviations is null and other_states is not null',
  ),
  rateCenters(
    {
      id: 'rate-center-unknown',
      title: "rate centers that Bandwidth's list doesn't have",
      why: 'The list has the rate centers that Bandwidth covers, not all that exist, so that a rate center is missing from it does not prove it wrong. nearest is the official abbreviation in that state that is spelled almost the same, if there is one. Check the others against the LERG.',
      suggestsAbbreviation: true,
    },
    'abbreviations is null and other_states is null',
  ),
  {
    id: 'rate-centers-old',
    title: `the list of rate centers was never read, or not in the last ${listDays} days`,
    why: 'Rate centers and states are compared with it once it was read. `tn-ledger run sync-rate-centers` says why it was not.',
    kind: 'attention',
    sql: `select max(last_listed_at) as last_listed_at from ${coveredRateCenters.table}
having coalesce(max(last_listed_at) < now() - interval '${listDays} days', true)`,
  },
  disagreement(
    'no-details',
    `discrepancy = 'no details'`,
    'numbers in service that /tns did not list when it was last read',
    'They stay in service, with the details from earlier runs. Ask Bandwidth why they have no details. The next nightly run that finds details stores them.',
  ),
  disagreement(
    'other-status',
    `discrepancy = 'other status'`,
    'numbers in service that have a different status in /tns',
    'A number counts by its status, and tn-ledger uses the one in /tns. Ask Bandwidth which of the two is correct.',
  ),
  {
    id: 'two-rate-centers',
    title: 'blocks with more than one rate center or state',
    why: 'A block has one rate center and appears on the form once. The export uses the rate center and state of most of its numbers.',
    kind: 'attention',
    sql: `select npa_nxx_x, sum(numbers)::bigint as numbers, string_agg(distinct concat_ws(' ', rate_center, state), ', ') as places from (
  select npa_nxx_x, rate_center, state, count(*) as numbers from :numbers
  where left_out is null and rate_center is not null and state is not null group by 1, 2, 3) as places
group by npa_nxx_x having count(*) > 1 order by npa_nxx_x`,
  },
  {
    id: 'ported-from-bandwidth',
    title: 'numbers that appear to be ported in from Bandwidth itself',
    why: "They count, because they are probably in a Bandwidth block. Check whether they are; if not, the block's holder reports them.",
    kind: 'attention',
    sql: `select n.account_id, n.telephone_number, n.npa_nxx_x, p.losing_carrier_name, p.order_id from :numbers n
join nruf_ports() p on p.telephone_number = n.telephone_number
where n.left_out is null and p.from_bandwidth and not p.internal and not p.won_back and p.done_on <= :day order by n.telephone_number`,
  },
  {
    id: 'ported-within-bandwidth',
    title: 'numbers that a port-in moved within Bandwidth or won back',
    why: 'They are in a Bandwidth block and count: Bandwidth marks the port-in as internal, or an earlier number order added the number.',
    kind: 'attention',
    sql: `select n.account_id, n.telephone_number, p.losing_carrier_name, p.order_id, p.internal, p.won_back from :numbers n
join nruf_ports() p on p.telephone_number = n.telephone_number
where n.left_out is null and (p.internal or p.won_back) and p.done_on <= :day order by n.telephone_number`,
  },
  {
    id: 'ported-from-nobody',
    title: 'numbers left out because of a port-in without a losing carrier',
    why: 'The losing carrier is assumed not to be Bandwidth. If it was Bandwidth, they may belong in the filing.',
    kind: 'attention',
    sql: `select n.account_id, n.telephone_number, p.order_id from :numbers n join nruf_ports() p on p.telephone_number = n.telephone_number
where n.left_out = 'ported in' and p.losing_carrier_name is null order by n.telephone_number`,
  },
  {
    id: 'over-limit',
    title: 'numbers classified as reserved for more than 180 days, or as aging for more than 365 (residential: 90)',
    why: 'Numbers held longer than that are available, not reserved or aging (47 CFR 52.15(f)(1)). They were classified with `tn-ledger classify --override`, or not with tn-ledger classify.',
    kind: 'attention',
    sql: `select account_id, telephone_number, category, valid_from, valid_to, note, overridden from number_categories
where valid_from < :end and (valid_to is null or valid_to >= :end) and :accounts
  and (overridden or category in ('reserved', 'aging') and coalesce(valid_to, 'infinity') >
    valid_from + case when category = 'reserved' then interval '${longestReservedDays} days'
      when residential then interval '${longestResidentialAgingDays} days' else interval '${longestAgingDays} days' end)
order by telephone_number`,
  },
  {
    id: 'aging-too-short',
    title: `numbers that count as aging for fewer than ${shortestAgingDays} days`,
    why: `Disconnected numbers age for at least ${shortestAgingDays} days (FCC 18-177; 47 CFR 52.15(f)(1)(ii)). These were classified as aging for fewer days, or are available because of a smaller --aging-days.`,
    kind: 'attention',
    fix: 'tn-ledger classify FILE --category aging',
    sql: `select n.account_id, n.telephone_number, n.category, a.valid_from as aging_from, a.valid_to as aging_to from (
  select account_id, telephone_number, min(valid_from) as valid_from, max(coalesce(valid_to, 'infinity')) as valid_to from (
    select d.*, sum(d.begins) over (partition by account_id, telephone_number order by valid_from) as run from (
      select account_id, telephone_number, valid_from, valid_to,
        (valid_from is distinct from lag(valid_to) over (partition by account_id, telephone_number order by valid_from))::integer as begins
      from number_categories where category = 'aging'
    ) as d
  ) as declared group by account_id, telephone_number, run
) as a
join :numbers n on n.account_id = a.account_id and n.telephone_number = a.telephone_number and n.left_out is null
where a.valid_from < :end and a.valid_from >= :end - interval '${shortestAgingDays} days' and a.valid_to < a.valid_from + interval '${shortestAgingDays} days'
union all
select n.account_id, n.telephone_number, n.category, h.valid_from, null from :numbers n
join number_assignment_history h on h.account_id = n.account_id and h.telephone_number = n.telephone_number
  and h.assignment_status = 'UNASSIGNED' and h.valid_from < :end and (h.valid_to is null or h.valid_to >= :end)
  and nruf_day(h.valid_from) >= :day - ${shortestAgingDays}
join number_assignment_history b on b.account_id = h.account_id and b.telephone_number = h.telephone_number
  and b.assignment_status = 'ASSIGNED' and b.valid_to = h.valid_from
where n.category = 'available'
order by telephone_number`,
  },
  {
    id: 'intermediate-assigned',
    title: 'intermediate numbers that are marked ASSIGNED at Bandwidth',
    why: 'Numbers passed to a reseller are intermediate, even if the reseller has an end user for them (47 CFR 52.15(f)(1)(v)). They count as intermediate; Bandwidth has them as assigned.',
    kind: 'attention',
    sql: `select n.account_id, n.telephone_number, h.order_id, h.valid_from as assigned_on from :numbers n
join number_assignment_history h on h.account_id = n.account_id and h.telephone_number = n.telephone_number
where n.category = 'intermediate' and h.assignment_status = 'ASSIGNED' and h.valid_from < :end and (h.valid_to is null or h.valid_to >= :end)
order by n.telephone_number`,
  },
  {
    id: 'two-accounts',
    title: 'numbers in service in more than one account at the same time',
    why: 'In a filing for all accounts, they count once, in the account where service began last. Filings for single accounts count them in each account.',
    kind: 'attention',
    sql: `select telephone_number, string_agg(account_id, ', ' order by account_id) as accounts from number_status_history
where nruf_in_inventory(status) and valid_from < :end and (valid_to is null or valid_to >= :end) and :accounts
group by telephone_number having min(account_id) <> max(account_id) order by telephone_number`,
  },
  {
    id: 'counted-twice',
    title: 'numbers with overlapping in-service intervals in the history',
    why: 'They count twice. No job writes such a history: please report it.',
    kind: 'attention',
    sql: `select account_id, telephone_number, count(*) as times from :numbers group by 1, 2 having count(*) > 1 order by 2`,
  },
  {
    id: 'old-data',
    title: 'accounts whose numbers were not read in the 36 hours before the end of the day',
    why: 'Later runs and orders fill in what changed in between, with the date of the event if Bandwidth gives one.',
    kind: 'attention',
    sql: `select a.account_id, max(r.started_at) as last_read from (select account_id from nruf_accounts() account_id where :accounts) a
left join sync_runs r on r.account_id = a.account_id and r.job in ('sync-inservice-numbers', 'sync-number-details')
  and r.status = 'succeeded' and r.started_at < least(:end, now())
group by 1 having max(r.started_at) is null or max(r.started_at) < least(:end, now()) - interval '36 hours' order by 1`,
  },
  {
    id: 'failed-days',
    title: 'days in the six months before on which a job failed and did not succeed later that day',
    why: 'A later run catches up if Bandwidth still has the data. Days on which no job ran are not listed.',
    kind: 'attention',
    sql: `select account_id, nruf_day(started_at) as day, string_agg(distinct job, ', ') as jobs from sync_runs r
where status in ('failed', 'interrupted') and job <> 'nightly' and started_at < :end and started_at >= :end - interval '6 months' and :accounts
  and not exists (select from sync_runs s where s.account_id = r.account_id and s.job = r.job and s.status = 'succeeded'
    and nruf_day(s.started_at) = nruf_day(r.started_at))
group by 1, 2 order by 2 desc, 1`,
  },
];
