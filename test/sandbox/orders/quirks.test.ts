import test from 'ava';
import { LedgerError } from '../../../src/errors.js';
import { get, sandboxFor } from '../client.js';
import { type ListKind, misbehave, orderListings, orderQuirks } from '../support/misbehave.js';
import { account, accountOf, always, details, elementOf, isUnpaged, listed } from './support.js';

const kinds = Object.keys(orderListings) as ListKind[];
const options = {
  numbers: 600,
  orders: 100,
  disconnects: 60,
  portins: 60,
  portouts: 60,
  assignments: 60,
  imports: 60,
  externals: 20,
  features: 60,
};
const oddId = "a/b?c'; drop table";

for (const kind of kinds) {
  test(`${kind}: each quirk affects the order it names, until it is switched off`, async (t) => {
    const sandbox = await sandboxFor(t, options);
    const own = accountOf(sandbox);
    const plain = await listed(sandbox, kind, always(kind));
    const size: Record<string, string> = isUnpaged(kind) ? {} : { size: '25' };
    const targets = misbehave(own, kind, orderQuirks);
    t.is(new Set(Object.values(targets)).size, 5);
    const read = await listed(sandbox, kind, { ...always(kind), ...size });
    const shown = (id: string) => (id === targets['no-id'] ? '' : id === targets['odd-id'] ? oddId : id);
    const repeated = plain.ids.flatMap((id, n) =>
      !isUnpaged(kind) && n > 0 && n % 25 === 0 ? [plain.ids[n - 1] as string, id] : [id],
    );
    const expected = isUnpaged(kind) ? [...plain.ids, plain.ids.at(-1) as string] : repeated;
    t.deepEqual(read.ids, expected.map(shown));
    t.is(read.total, plain.total, 'TotalCount counts repeated orders once');
    const dateName = kind === 'numbersAssignment' ? 'OrderDate' : 'lastModifiedDate';
    const impossible = read.items.filter((item) =>
      (elementOf(item, dateName) ?? elementOf(item, 'LastModifiedDate'))?.startsWith('2014-13-45'),
    );
    t.is(impossible.length, expected.filter((id) => id === targets['impossible-date']).length);
    t.is((await get(sandbox, `/accounts/${account}/${kind}/${targets.refused}`)).status, 404);
    t.is((await get(sandbox, `/accounts/${account}/${kind}/${encodeURIComponent(oddId)}`)).status, 200);
    t.is((await get(sandbox, `/accounts/${account}/${kind}/${targets['odd-id']}`)).status, 404);
    const letters =
      kind === 'portouts'
        ? (read.items[expected.indexOf(targets.letters as string)] ?? '')
        : await details(sandbox, `${kind}/${targets.letters}`);
    t.regex(letters, /\d{6}O\d{3}/);
    t.deepEqual(misbehave(own, kind, []), {});
    t.deepEqual((await listed(sandbox, kind, { ...always(kind), ...size })).ids, plain.ids);
  });
}

test('quirks need enough finished orders', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 10, portouts: 0 });
  t.throws(() => misbehave(accountOf(sandbox), 'portouts', ['refused']), {
    instanceOf: LedgerError,
    message: /0 finished portouts, too few/,
  });
});
