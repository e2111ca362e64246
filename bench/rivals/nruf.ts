import pg from 'pg';

/**
 * Counts numbers by thousands-block as one writes it first: subqueries look up the status, the assignment and the last end of an
 * assignment of each number on the day. Prints the totals as JSON.
 */
const [day = ''] = process.argv.slice(2);
const client = new pg.Client(process.env.DATABASE_URL);
await client.connect();
const { rows } = await client.query(
  `select sum(numbers_received)::int as received, sum(assigned)::int as assigned from (
     select npa_nxx_x, rate_center, state, count(*) as numbers_received,
            count(*) filter (where assignment_status = 'ASSIGNED') as assigned,
            count(*) filter (where assignment_status is distinct from 'ASSIGNED' and ended_at > $1::date - 45) as aging
       from (select t.npa_nxx_x, t.rate_center, t.state,
               (select h.status from tn_ledger.number_status_history h
                 where h.account_id = t.account_id and h.telephone_number = t.telephone_number
                   and h.valid_from < $1::date + 1 and (h.valid_to is null or h.valid_to >= $1::date + 1)) as status,
               (select h.assignment_status from tn_ledger.number_assignment_history h
                 where h.account_id = t.account_id and h.telephone_number = t.telephone_number
                   and h.valid_from < $1::date + 1 and (h.valid_to is null or h.valid_to >= $1::date + 1)) as assignment_status,
               (select max(h.valid_to) from tn_ledger.number_assignment_history h
                 where h.account_id = t.account_id and h.telephone_number = t.telephone_number
                   and h.assignment_status = 'ASSIGNED' and h.valid_to < $1::date + 1) as ended_at
               from tn_ledger.telephone_numbers t) n
      where status = 'Inservice'
      group by 1, 2, 3) as blocks`,
  [day],
);
process.stdout.write(JSON.stringify(rows[0]));
await client.end();
