import test from 'ava';
import { cli, makeFolder } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { openCountingLedger } from './support/ledger.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const listed = '2025-12-20T00:00:00Z';
const rateCenter = (id: string, name: string, abbreviation: string, state: string) => {
  return {
    rate_center_id: id,
    name,
    abbreviation,
    state,
    lata: '426',
    first_listed_at: listed,
    last_listed_at: listed,
  };
};

test('rate centers of numbers that count are compared with the list, and the filing keeps what the numbers say', async (t) => {
  const folder = await makeFolder(t);
  const ledger = await openCountingLedger(t, server, folder);
  const hold = async (number: string, rate_center: string, state: string) => {
    const key = { account_id: '9900001', telephone_number: number };
    await ledger.insert('telephone_numbers', [{ ...key, status: 'Inservice', rate_center, state }]);
    await ledger.insert('number_status_history', [{ ...key, status: 'Inservice', valid_from: '2025-01-01' }]);
  };
  await hold('9195550000', 'Raleigh', 'NC');
  await hold('9195551000', 'CHAPEL HILL', 'NC');
  await hold('9195552000', 'DENVER', 'NC');
  await hold('9195553000', 'RALEIHG', 'NC');
  await hold('9195553001', 'RALEIHG', 'NC');
  await hold('9195554000', 'OCRACOKE', 'NC');
  await hold('8885550000', 'NOWHERE', 'NC');
  const audit = async (args: readonly string[] = []) => {
    const env = { DATABASE_URL: ledger.url };
    const { status, stdout, stderr } = await cli(t, ['audit', '--as-of', '2025-12-31', '--json', ...args], {
      cwd: folder,
      env,
    });
    t.is(status, 0, stderr);
    const { findings } = JSON.parse(stdout) as { findings: { id: string; count: number; examples: unknown[] }[] };
    return Object.fromEntries(
      findings.filter(({ id }) => id.startsWith('rate-center')).map(({ id, examples }) => [id, examples]),
    );
  };
  t.deepEqual(await audit(), {
    'rate-center-name': [],
    'rate-center-state': [],
    'rate-center-unknown': [],
    'rate-centers-old': [{ last_listed_at: null }],
  });

  await ledger.insert('rate_centers', [
    rateCenter('1', 'RALEIGH', 'RALEIGH', 'NC'),
    rateCenter('2', 'CHAPEL HILL', 'CHAPELHILL', 'NC'),
    rateCenter('3', 'DENVER', 'DENVER', 'CO'),
    rateCenter('4', 'OCRACOKE', 'OCRACOKEXX', 'VA'),
  ]);
  const { 'rate-centers-old': old, ...found } = await audit();
  t.is(old?.length, 1);
  const place = (rate_center: string, block: string, more: object) => {
    return { rate_center, state: 'NC', blocks: 1, example: block, abbreviations: null, other_states: null, ...more };
  };
  t.deepEqual(found, {
    'rate-center-name': [place('CHAPEL HILL', '9195551', { numbers: 1, abbreviations: 'CHAPELHILL' })],
    'rate-center-state': [place('DENVER', '9195552', { numbers: 1, other_states: 'CO' })],
    'rate-center-unknown': [
      place('OCRACOKE', '9195554', { numbers: 1, nearest: null }),
      place('RALEIHG', '9195553', { numbers: 2, nearest: 'RALEIGH' }),
    ],
  });
  const rows = await ledger.query(`select rate_center from nruf_utilization('2025-12-31') order by 1`);
  t.deepEqual(
    rows.map((row) => row.rate_center),
    ['CHAPEL HILL', 'DENVER', 'OCRACOKE', 'RALEIHG', 'Raleigh'],
  );
  await ledger.query('update rate_centers set last_listed_at = now()');
  t.deepEqual((await audit())['rate-centers-old'], []);
});
