import type { ExecutionContext } from 'ava';
import type { FaultRates } from '../../../src/sandbox/server.js';
import type { Comparison } from './comparison.js';

/** How often a fault that is rare may be missed in a row. */
const mostRounds = 50;

/**
 * Runs against an API with faults, each into an empty ledger and repeated as an operator would, until a fault was met. Each must end
 * with the contents of an undisturbed run, or fail by name.
 *
 * @returns how many faults were met
 */
export async function runWithFaults(t: ExecutionContext, compared: Comparison, faults: FaultRates): Promise<number> {
  const { sandbox } = compared.ledger;
  const what = JSON.stringify(faults);
  let met = 0;
  for (let round = 0; met === 0; round += 1) {
    if (round === mostRounds) throw new Error(`${what} was never met`);
    const { database } = await compared.empty(t);
    sandbox.clearRequests();
    sandbox.faults = faults;
    for (let failures = 0; ; failures += 1) {
      const error = await compared.run(database);
      if (error === undefined) break;
      t.regex(error.message, /account 9900000/, what);
      if (failures === 5) throw error;
    }
    sandbox.faults = {};
    met = sandbox.requests.filter(({ fault }) => fault !== undefined).length;
    t.deepEqual(await compared.differences(database), [], what);
    await database.close();
  }
  return met;
}
