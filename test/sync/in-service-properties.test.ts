import anyTest, { type TestFn } from 'ava';
import fc, { cases } from '../support/fast-check.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, leftovers, openLedger } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** A count of numbers, usually small. */
const some = (most: number) => fc.oneof(fc.constant(0), fc.nat(Math.min(most, 4)), fc.nat(most));

const oddities = fc.record({
  e164: fc.constantFrom(0, 0.3, 1),
  'e164-twice': some(5),
  'page-size': fc.constantFrom(0, 0, 30, 600),
  'page-size-unnamed': fc.constantFrom(0, 1),
  'page-numbers': fc.constantFrom(0, 1),
  'empty-details': fc.constantFrom(0, 0, 0, 0, 1),
  'foreign-details': some(80),
  'foreign-rows': some(80),
  'refused-details': some(80),
  'silent-details': some(80),
  'aging-details': some(20),
  'unlisted-others': some(3),
});

const night = fc.record({
  oddities,
  jobs: fc.constantFrom('both', 'both', 'both', 'list alone', 'details alone'),
  added: fc.integer({ min: 0, max: 20 }),
  disconnected: fc.integer({ min: 0, max: 3 }),
  acceptShrink: fc.boolean(),
});

const world = fc.record({
  numbers: fc.integer({ min: 20, max: 250 }),
  pageSize: fc.constantFrom(7, 40, 5000),
  nights: fc.array(night, { minLength: 2, maxLength: 3 }),
});

test('the ledger has every number of the in-service list, whatever /tns says about it', async (t) => {
  await fc.assert(
    fc.asyncProperty(world, async ({ numbers, pageSize, nights }) => {
      const ledger = await openLedger(t, t.context.server, { sandbox: { numbers }, pageSize });
      const held = ledger.sandbox.account(account);
      const inService = () => [...held.numbers()].filter(({ listedInService }) => listedInService);
      for (const [index, { oddities: odd, jobs, added, disconnected, acceptShrink }] of nights.entries()) {
        ledger.sandbox.oddities = odd;
        held.disconnect(
          inService()
            .slice(0, disconnected)
            .map(({ telephoneNumber }) => telephoneNumber),
        );
        // The details alone can't add a number that they don't list.
        const withList = jobs !== 'details alone' || index === 0;
        if (withList) held.add(added);
        const results = [];
        if (withList) {
          const followedBy = new Set(jobs === 'list alone' ? [] : ['sync-number-details']);
          const list = await ledger.run('sync-inservice-numbers', { acceptShrink, followedBy });
          if (list.result !== 'succeeded') throw list.error;
          results.push(list);
        }
        if (jobs !== 'list alone') results.push(await ledger.run('sync-number-details', { acceptShrink }));
        const rows = await ledger.query<{ telephone_number: string }>(
          'select telephone_number from telephone_numbers where removed_at is null',
        );
        const stored = new Set(rows.map((row) => row.telephone_number));
        const lost = inService().filter(({ telephoneNumber }) => !stored.has(telephoneNumber));
        if (lost.length > 0) {
          const reported = results.map(({ job, result, error }) => `${job} ${result} ${error?.message ?? ''}`);
          throw new Error(`${lost.length} numbers are missing after run ${index + 1}: ${reported.join('; ')}`);
        }
        const left = await leftovers(ledger);
        if (left.length > 0) throw new Error(`left over after run ${index + 1}: ${JSON.stringify(left)}`);
      }
    }),
    cases({ test: 4, soak: 15 }),
  );
  t.pass();
});
