import { benchAccounts } from './accounts.js';
import { benchAssignment } from './assignment.js';
import { benchBilling } from './billing.js';
import { benchFirstRun } from './first-run.js';
import { benchNruf } from './nruf.js';
import { benchOrderDetails } from './order-details.js';
import { benchReading } from './reading.js';
import { benchSizes } from './sizes.js';

/**
 * `npm run bench`: all benchmarks. Each compares times within one run, since absolute times mean little on a shared
 * machine.
 */
const numbers = Number(process.env.BENCH_NUMBERS ?? 1_000_000);
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const orders = Number(process.env.BENCH_ORDERS ?? 10_000);
const accounts = Number(process.env.BENCH_ACCOUNTS ?? 16);
const nrufNumbers = Number(process.env.BENCH_NRUF_NUMBERS ?? 5_000_000);
const billingRows = Number(process.env.BENCH_BILLING_ROWS ?? 5_000_000);
const sizeNumbers = Number(process.env.BENCH_SIZE_NUMBERS ?? 100_000);
const sizeBillingRows = Number(process.env.BENCH_SIZE_BILLING_ROWS ?? 1_000_000);

await benchFirstRun({ numbers, rounds });
await benchOrderDetails({ orders, latencyMs: 50 });
await benchAssignment({ numbers, requestsPerMinute: 60 });
await benchBilling({ rows: billingRows, rounds });
await benchAccounts({ accounts, numbersPerAccount: 20_000, latencyMs: 50 });
await benchReading({ numbers, rounds });
await benchNruf({ numbers: nrufNumbers, rounds });
await benchSizes({ numbers: sizeNumbers, billingRows: sizeBillingRows });
