import { basename } from 'node:path';
import { Readable } from 'node:stream';
import AdmZip from 'adm-zip';
import { parse } from 'csv-parse';
import { accountId, openKnex, rowsPerInsert } from './client.js';

/** Loads an archive of call records with adm-zip, csv-parse and knex. */
const [archive = ''] = process.argv.slice(2);
const database = openKnex();
for (const entry of new AdmZip(archive).getEntries()) {
  const records = Readable.from(chunksOf(entry.getData())).pipe(
    parse({ columns: (header: string[]) => header.map(toColumn), cast: (value) => (value === '' ? null : value) }),
  );
  let rows: object[] = [];
  const insert = async () => {
    await database.batchInsert('public.rival_calls', rows, rowsPerInsert);
    rows = [];
  };
  for await (const record of records) {
    rows.push({ account_id: accountId, report_id: basename(archive), file_name: entry.entryName, ...record });
    if (rows.length === rowsPerInsert) await insert();
  }
  await insert();
}
await database.destroy();

/** Given a whole file at once, csv-parse would make all its records before the first is read. */
function* chunksOf(data: Buffer): Generator<Buffer> {
  for (let at = 0; at < data.length; at += 65_536) yield data.subarray(at, at + 65_536);
}

/** `CallStartDateTime` as `call_start_date_time`. */
function toColumn(heading: string): string {
  return heading.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase();
}
