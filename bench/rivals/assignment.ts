import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { call, openClient, openKnex, rowsPerInsert, variable } from './client.js';

/**
 * Assigns the numbers in a file with Bandwidth's client, one order after the other: it places an order, reads it until it is done, and
 * records what became of its numbers. A pause after each request keeps it below the rate limit.
 */
interface Answer {
  orderId: string;
  processingStatus: string;
  errors?: { error: Failure | Failure[] };
}
interface Failure {
  code: string | number;
  telephoneNumbers: { telephoneNumber: string | string[] };
}

const [file = ''] = process.argv.slice(2);
const client = openClient();
const database = openKnex();
const path = client.concatAccountPath('numbersAssignment');
const pauseMs = 60_000 / Number(variable('BANDWIDTH_REQUESTS_PER_MINUTE'));
const numbersPerOrder = 5000;

const numbers = (await readFile(file, 'utf8')).split('\n').slice(1).filter(Boolean);
for (let at = 0; at < numbers.length; at += numbersPerOrder) {
  const chunk = numbers.slice(at, at + numbersPerOrder);
  const order = { action: 'ASSIGN', telephoneNumbers: { telephoneNumber: chunk } };
  let answer = await send((done) => client.makeRequest('post', path, { telephoneNumbersAssignmentOrder: order }, done));
  const { orderId } = answer;
  while (['RECEIVED', 'PROCESSING'].includes(answer.processingStatus)) {
    answer = await send((done) => client.makeRequest('get', `${path}/${orderId}`, {}, undefined, done));
  }
  const codes = new Map<string, string>();
  for (const { code, telephoneNumbers } of [answer.errors?.error ?? []].flat()) {
    for (const number of [telephoneNumbers.telephoneNumber].flat()) codes.set(number, String(code));
  }
  const rows = chunk.map((number) => ({
    order_id: orderId,
    telephone_number: number,
    outcome: codes.has(number) ? 'FAILED' : 'ACCEPTED',
    error_code: codes.get(number) ?? null,
  }));
  await database.batchInsert('public.rival_assignments', rows, rowsPerInsert);
}
await database.destroy();

async function send(request: (done: (error: Error | null, answer: Answer) => void) => void): Promise<Answer> {
  const answer = await call(request);
  await delay(pauseMs);
  return answer;
}
