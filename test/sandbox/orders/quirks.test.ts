import test from 'ava';
import { LedgerError } from '../../../src/errors.js';
import { orderQuirks } from '../../../src/sandbox/orders/interface.js';
import type { OrderKind } from '../../../src/sandbox/server.js';
import { get, sandboxFor } from '../client.js';
import { account, accountOf, always, details, elementOf, isUnpaged, listed } from './support.js';

const kinds: readonly OrderKind[] = [
  ...(['orders', 'disconnects', 'portins', 'portouts'] as const),
  ...(['numbersAssignment', 'importTnOrders', 'removeImportedTnOrders'] as const),
];
const options = { numbers: 600, orders: 100, disconnects: 60, portins: 60, portouts: 60, assignments: 60, imports: 60 };
const oddId = "a/b?c'; drop table";

for (const kind of kinds) {
  test(`${kind}: each quirk befalls the order that it names, and ends when it is switched off`, async (t) => {
    const sandbox = await sandboxFor(t, options);
    const own = accountOf(sandbox);
    const plain = await listed(sandbox, kind, always(kind));
    const size: Record<string, string> = isUnpaged(kind) ? {} : { size: '25' };
    const victims = own.misbehave(kind, orderQuirks);
    t.is(new Set(Object.values(victims)).size, 5);
    const read = await listed(sandbox, kind, { ...always(kind), ...size });
    const shown = (id: string) => (id === victims['no-id'] ? '' : id === victims['odd-id'] ? oddId : id);
    const repeated = plain.ids.flatMap((id, n) =>
      !isUnpaged(kind) && n > 0 && n % 25 === 0 ? [plain.ids[n - 1] as string, id] : [id],
    );
    const expected = isUnpaged(kind) ? [...plain.ids, plain.ids.at(-1) as string] : repeated;
    t.deepEqual(read.ids, expected.map(shown));
    t.is(read.total, plain.total, 'TotalCount counts the repeated ones once');
    const dateName = kind === 'numbersAssignment' ? 'OrderDate' : 'lastModifiedDate';
    const impossible = read.items.filter((item) => elementOf(item, dateName)?.startsWith('2014-13-45'));
    t.is(impossible.length, expected.filter((id) => id === victims['impossible-date']).length);
    t.is((await get(sandbox, `/accounts/${account}/${kind}/${victims.refused}`)).status, 404);
    t.is((await get(sandbox, `/accounts/${account}/${kind}/${encodeURIComponent(oddId)}`)).status, 200);
    t.is((await get(sandbox, `/accounts/${account}/${kind}/${victims['odd-id']}`)).status, 404);
    const letters =
      kind === 'portouts'
        ? (read.items[expected.indexOf(victims.letters as string)] ?? '')
        : await details(sandbox, `${kind}/${victims.letters}`);
    t.regex(letters, /\d{6}O\d{3}/);
    t.deepEqual(own.misbehave(kind, []), {});
    t.deepEqual((await listed(sandbox, kind, { ...always(kind), ...size })).ids, plain.ids);
  });
}

test('quirks need orders that they can befall', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 10, portouts: 0 });
  t.throws(() => accountOf(sandbox).misbehave('portouts', ['refused']), {
    instanceOf: LedgerError,
    message: /0 complete portouts, too few/,
  });
});
