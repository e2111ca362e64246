import anyTest, { type TestFn } from 'ava';
import pg from 'pg';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  // Statistics come only from tn-ledger's own ANALYZE, as if autovacuum has not run yet.
  t.context.server = await startPostgres({ settings: { autovacuum: false } });
});
test.after.always((t) => t.context.server?.stop());

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  /** The average per loop. */
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Join Filter'?: number;
  Plans?: PlanNode[];
}

/** The nodes of all plans of a statement, including those of the statements that it calls. */
async function planNodes(url: string, statement: string): Promise<PlanNode[]> {
  const client = new pg.Client({ connectionString: url });
  const nodes: PlanNode[] = [];
  client.on('notice', ({ message = '' }) => {
    const [json] = /\{[\s\S]*\}/.exec(message) ?? [];
    if (json !== undefined) nodes.push(...nodesOf(JSON.parse(json).Plan));
  });
  await client.connect();
  try {
    await client.query(`
      load 'auto_explain';
      set auto_explain.log_min_duration = 0;
      set auto_explain.log_nested_statements = on;
      set auto_explain.log_analyze = on;
      set auto_explain.log_timing = off;
      set auto_explain.log_format = json;
      set auto_explain.log_level = notice`);
    await client.query(statement);
  } finally {
    await client.end();
  }
  return nodes;
}

function nodesOf(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

/** More than nruf_refresh() reads at once. */
const numbers = 25_000;

/** The tables after a first run with this many numbers, each marked ASSIGNED once. */
const fill = `
  create temporary table made as
    select g, (case when g % 2 = 0 then '919' else '984' end || (2000000 + g * 37)) collate "C" as number
      from generate_series(1, ${numbers}) as g;
  insert into telephone_numbers (account_id, telephone_number, status, rate_center, state)
    select '9900000', number, 'Inservice', 'RC' || g / 5000, 'NC' from made;
  insert into number_status_history (account_id, telephone_number, status, valid_from)
    select '9900000', number, 'Inservice', timestamptz '2020-01-01Z' + g % 1000 * interval '1 day' from made;
  insert into number_assignment_history (account_id, telephone_number, assignment_status, order_id, valid_from)
    select '9900000', number, 'ASSIGNED', 'order ' || g / 5000, timestamptz '2024-01-01Z' from made`;

test('the first refresh reads each number by an index, although the tables were not analyzed before', async (t) => {
  const { database, superuserUrl } = await openLedgerDatabase(t, t.context.server);
  await database.pool.query(fill);
  const nodes = await planNodes(superuserUrl, `select tn_ledger.nruf_refresh('9900000')`);
  t.true(nodes.filter((node) => node['Actual Rows'] > 1000).length > 10);
  for (const node of nodes) {
    const { 'Rows Removed by Filter': filtered = 0, 'Rows Removed by Join Filter': unjoined = 0 } = node;
    const seen = (node['Actual Rows'] + filtered + unjoined) * node['Actual Loops'];
    // An interval before and one after the assignment.
    t.true(seen <= numbers * 2, `${describe(node)}: ${seen} rows read`);
    const isLarge = /^(telephone_numbers|number_\w+_history)$/.test(node['Relation Name'] ?? '');
    t.false(isLarge && node['Node Type'] === 'Seq Scan', describe(node));
  }
});

function describe(node: PlanNode): string {
  return `${node['Node Type']} ${node['Relation Name'] ?? ''}, ${node['Actual Rows']} rows ${node['Actual Loops']} times`;
}
