import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import test from 'ava';
import { migrationNames } from '../../migrations/index.js';

/**
 * SHA-256 of every released migration and of the files that migrations import. Users' databases were created by these
 * files: if one changed, new databases would have a different schema. Add an entry with each new migration, and never
 * change one.
 */
const landed: Readonly<Record<string, string>> = {
  'migrations/create-table.ts': '6ac7ad79e844ca0127f1274fa56cfb4a11f7ccbf72b0cdbcb250a8d345c1f115',
  'migrations/order-tables.ts': 'e18e3e233618ca32513afbbe4cb6eee54e469f7b8612bdf50a6c59f081f5c9f9',
  'migrations/0001-numbers.ts': '326b3005cd5f8118d1f76210ae279bfca9507a696214864a2a738671c7023d5e',
  'migrations/0002-orders.ts': 'f2ff09e17a7a1de0d2b8d2b95bde4d9f2ba34384b78fc10704a881818bb7fd65',
  'migrations/0003-assignment.ts': '2dfd88d4ad3eb6e8be2c195d39a7aa8980f0facc34fd75501cdfa8b7a3070ad4',
  'migrations/0004-billing.ts': '7d74f77f6e60d6aaf6abb3fed622c2928596886d7d146a880765ff426b60c440',
  'migrations/0005-nruf.ts': 'e28522f621c8158142e1d82bffa4425150f0d99ab0bea8cfe7606f2db423ad6e',
  'migrations/0006-runs.ts': 'ac7c9e4d3fdf9fd8e48abc644f5b1d62dbb86ea5f5c86f876b536265fcfe73c7',
  'migrations/0007-tnoptions.ts': '2d87ffda565854fb2a088ce3c894e3b0c515ed124ac71991a60f4ca101fb5b73',
  'migrations/0008-lidbs.ts': '79bd301906ecc3b7a66c61e5e5c41e5119e46352f06da4aa5a5caed1b8a1c184',
  'migrations/0009-request-leases.ts': '1e9579e5b13800ee508d23695f2f374052ed6a24f917f3e209115c9d59b048de',
  'migrations/0010-run-hosts.ts': 'da61b674cde247d5e0637346df73808e0823ad4026eb829cef3573eeabf3d93f',
  'migrations/0011-stored-files.ts': 'c70a562025a1e1f09c1793f862715cdea1b4a9c0425d149d06e800cfcc6bbf03',
  'migrations/0012-alerts.ts': 'ae4f0715e9912f43a9ad73fdfe5412897442d658073aed0efd15ba584824176f',
  'migrations/0014-upkeep.ts': '2b57e79277917dfa7378202e9b709c173b0c76b388bd516949241315e2e4d64c',
  'migrations/0015-same-reports.ts': 'cd8f6a8214d6ab5839b18e856b691e39205d1f76dbbc4696140d2757199ece84',
  'migrations/0016-run-progress.ts': '2da0ebc07e5efaff7336f364a49dda1a2000d0c9773fdc48de5b0c211af6b9e7',
  'migrations/0017-billing-daily.ts': '5f39ad22793433e6b26f99bfdfe218b2ea2d3db2f90563f9351d0e09d8268e4a',
  'migrations/0018-reconcile.ts': '6617003b09b5e401f0c49142138a651b459a64bc9537aa647d6be4c4c94be1ae',
  'migrations/0019-number-lookups.ts': 'd8c08e47b073882c4d82cb4607956df3628d06ae52de92ffa930ccec0bdecbfa',
  'migrations/0020-number-files.ts': '0a739cf4720ce645727d8900dacc17cf98e31a2404b41373ec15ec76255747bf',
  'migrations/0021-filing.ts': '14fa26b70c828b2a7b609eae47a64b559ab2e04224b906038dc87efa5628bb24',
  'migrations/0022-assignment-reports.ts': '1d25d9115299fe0d4dfb054a9e4d4137b879d39b8997ebaba53fcbddada9318a',
  'migrations/0023-billing-days.ts': '5b869842a598f758b035380559d418df6d0c43e005638a11b45f155efc7c235f',
  'migrations/0024-sites.ts': '7cee8f389f42a6fcaba4a6084236d878210e84fd9c3f1814b27bd1487155d8da',
  'migrations/0025-run-requests.ts': 'bdb0e9f363f53ed479759817ed8ae4862f3e1374aec7d66c085f96c168afe4a9',
  'migrations/0026-e911s.ts': '6d1c54626c3203d2ca072c917a7d9fdc74ea9cd9e5e75ee065db850dfcd2b11e',
  'migrations/0027-dldas.ts': '0afe2a2524d9642f6e476d7e64e757a9c0f29481d3d51bea98f019d08b42553f',
  'migrations/0028-lsrorders.ts': '5d39336a6d46a811f559a5fe0b8a9be2e4a5907e3d2b6154bffda766cd78b810',
  'migrations/0029-bulk-portins.ts': 'e4a1047870359a23bc9ba96365d626b22a4834436ff806d65087ad65d503b783',
  'migrations/0030-order-history.ts': 'cc0f8bc4853c9390102089b97c9e96cf0e3024c85d182de4c02d02dba1fc19f6',
  'migrations/0031-number-events.ts': '2b8ee682e43495a7ad6ac555d59feea5dda1b1d10ee37e85aa6b282a47721b2d',
  'migrations/0032-external-tns.ts': '0a19aa56120ce59312579fa81abeac5ad6873a1c6df1f724bb1701bbc7cc736c',
  'migrations/0033-rate-centers.ts': '77517126b6c548a8d1563c69aaa898863532bbe71712952df44f1e3f80d15d90',
};

const root = new URL('../../../', import.meta.url);

/** The file and, recursively, the files that it imports, as paths from the repository's root. */
async function withImports(path: string, found = new Map<string, string>()): Promise<Map<string, string>> {
  if (found.has(path)) return found;
  const text = await readFile(new URL(path, root), 'utf8');
  found.set(path, text);
  for (const [, specifier] of text.matchAll(/ from '(\.[^']+)\.js';/g)) {
    await withImports(new URL(`${specifier}.ts`, new URL(path, root)).href.slice(root.href.length), found);
  }
  return found;
}

test('released migrations and the files that they import never change', async (t) => {
  const files = new Map<string, string>();
  for (const name of migrationNames) await withImports(`migrations/${name}.ts`, files);
  for (const [path, text] of files) {
    const checksum = createHash('sha256').update(text).digest('hex');
    if (landed[path] === undefined) {
      t.fail(`${path} is new. Add it to test/database/landed-migrations.test.ts: '${path}': '${checksum}'`);
    } else {
      t.is(
        checksum,
        landed[path],
        `${path} is released and was changed. Revert the change, and write a new migration instead.`,
      );
    }
  }
  t.deepEqual(
    Object.keys(landed).filter((path) => !files.has(path)),
    [],
    'a released migration is missing',
  );
});
