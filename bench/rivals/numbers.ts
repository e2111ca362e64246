import { promisify } from 'node:util';
import { accountId, nextPage, openClient, openKnex, rowsPerInsert, sdk, toDate } from './client.js';

/**
 * Copies an account's numbers with Bandwidth's client and knex: `first` inserts them, `again` updates those that are there. It reads the
 * pages that tn-ledger reads: the numbers in service, then the details.
 */
const isFirst = process.argv[2] === 'first';
const client = openClient();
const database = openKnex();
const listInService = promisify(sdk.InServiceNumber.list);
const listTns = promisify(sdk.Tn.list);

const withoutDetails = new Set<string>();
let page: string | undefined = '1';
while (page !== undefined) {
  const answer: Awaited<ReturnType<typeof listInService>> = await listInService(client, { page, size: 5000 });
  for (const number of answer.telephoneNumbers.telephoneNumber) withoutDetails.add(plain(number));
  page = nextPage(answer);
}

page = '1';
while (page !== undefined) {
  const answer: Awaited<ReturnType<typeof listTns>> = await listTns(client, { accountId, page, size: 2500 });
  const rows = answer.telephoneNumbers.telephoneNumber.map((tn) => ({
    account_id: accountId,
    telephone_number: plain(tn.fullNumber),
    status: tn.status,
    city: tn.city,
    state: tn.state,
    rate_center: tn.rateCenter,
    lata: tn.lata,
    tier: tn.tier,
    vendor_id: tn.vendorId,
    vendor_name: tn.vendorName,
    in_service_date: toDate(tn.inServiceDate),
    last_modified: toDate(tn.lastModified),
  }));
  for (const { telephone_number } of rows) withoutDetails.delete(telephone_number);
  await write(rows);
  page = nextPage(answer);
}
await write(
  [...withoutDetails].map((number) => ({ account_id: accountId, telephone_number: number, status: 'Inservice' })),
);
await database.destroy();

async function write(rows: object[]): Promise<void> {
  if (isFirst) {
    await database.batchInsert('public.rival_numbers', rows, rowsPerInsert);
    return;
  }
  for (let at = 0; at < rows.length; at += rowsPerInsert) {
    await database('public.rival_numbers')
      .insert(rows.slice(at, at + rowsPerInsert))
      .onConflict(['account_id', 'telephone_number'])
      .merge();
  }
}

/** Ten digits for NANP numbers, however they are written. */
function plain(number: unknown): string {
  return String(number)
    .trim()
    .replace(/^\+1(?=\d{10}$)/, '');
}
