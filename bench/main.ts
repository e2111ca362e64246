import { benchAssignment } from './assignment.js';
import { benchBilling } from './billing.js';
import { benchFirstNight } from './first-night.js';
import { benchNruf } from './nruf.js';
import { benchOrderDetails } from './order-details.js';

/** `npm run bench`: every benchmark, each a comparison within one run, since single times say little on a shared machine. */
const numbers = Number(process.env.BENCH_NUMBERS ?? 1_000_000);
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const orders = Number(process.env.BENCH_ORDERS ?? 10_000);
const nrufNumbers = Number(process.env.BENCH_NRUF_NUMBERS ?? 5_000_000);
const billingRows = Number(process.env.BENCH_BILLING_ROWS ?? 5_000_000);

await benchFirstNight({ numbers, rounds });
await benchOrderDetails({ orders, latencyMs: 50 });
await benchAssignment({ numbers, requestsPerMinute: 60 });
await benchBilling({ rows: billingRows, rounds });
await benchNruf({ numbers: nrufNumbers, rounds });
