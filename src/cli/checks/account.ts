import type { Config } from '../../config.js';
import { type AccountInfo, readAccount } from '../../dashboard/account.js';
import { probeBillingReports } from '../../dashboard/billing-reports.js';
import type { DashboardClient } from '../../dashboard/client.js';
import { ApiError } from '../../dashboard/errors.js';
import { checkAssignmentFeature, missingFeature } from '../../dashboard/number-assignments.js';
import {
  disconnectedNumbers,
  disconnects,
  importTnOrders,
  numberAssignments,
  orders,
  portins,
  portouts,
  removeImportedTnOrders,
  type WindowResource,
  withinWindow,
} from '../../dashboard/order-resources.js';
import { readFirstPage, readTotal } from '../../dashboard/pager.js';
import { permissionFor } from '../../dashboard/permissions.js';
import { inserviceNumbers, type ListResource, numberDetails } from '../../dashboard/resources.js';
import { LedgerError, messageOf } from '../../errors.js';
import { dayOf } from '../../sync/days.js';
import { formatCount } from '../format.js';
import { type CheckReport, ok, skipped, type Verdict, warning } from './report.js';

interface Capability {
  path: (account: string) => string;
  check: (client: DashboardClient, account: string) => Promise<Verdict>;
}

/** What the jobs use, each with its cheapest request, in the order of the nightly run. */
const capabilities: readonly Capability[] = [
  byTotal(inserviceNumbers),
  byFirstPage(numberDetails),
  byFirstPage(orders),
  byFirstPage(disconnects),
  byTotal(disconnectedNumbers),
  byFirstPage(portins),
  byFirstPage(portouts),
  byDay(importTnOrders),
  byDay(removeImportedTnOrders),
  { path: numberAssignments.path, check: checkAssignment },
];

/**
 * Checks that the credentials reach an account and what the jobs use of it, one line each.
 *
 * @returns the API's clock, if it told its time
 */
export async function checkAccount(
  report: CheckReport,
  client: DashboardClient,
  account: string,
  { billingTypes }: Pick<Config, 'billingTypes'>,
): Promise<Date | undefined> {
  let info: AccountInfo | undefined;
  let isReached = false;
  await report.check(`account ${account}`, async () => {
    try {
      info = await readAccount(client, account);
    } catch (error) {
      // The jobs don't read the account itself: they work without a role for that alone.
      const isRole = error instanceof ApiError && error.isForbiddenWithoutReason;
      if (!isRole || (await isInToken(client, account)) === false) throw error;
      isReached = true;
      return warning('its own data may not be read (403); what the jobs need of it follows');
    }
    isReached = true;
    const name = info.companyName === undefined ? '' : ` (${info.companyName})`;
    if ((await isInToken(client, account)) === false) {
      return warning(`the credentials reach it${name}, although their token does not name it`);
    }
    return ok(`the credentials reach it${name}`);
  });
  for (const { path, check } of capabilities) {
    await report.check(titleOf(account, path(account)), async () =>
      isReached ? check(client, account) : skipped('the account was not reached'),
    );
  }
  await report.check(titleOf(account, `/accounts/${account}/billingreports`), async () => {
    if (billingTypes.length === 0) return skipped('TN_LEDGER_BILLING_TYPES is empty');
    if (!isReached) return skipped('the account was not reached');
    await probeBillingReports(client, account);
    return ok('can be read');
  });
  return info?.serverTime;
}

function titleOf(account: string, path: string): string {
  return `account ${account}, ${permissionFor(path)?.what}`;
}

/** Undefined where the token does not say, as that of system-wide credentials. */
async function isInToken(client: DashboardClient, account: string): Promise<boolean | undefined> {
  const { accounts = [] } = (await client.tokenClaims()) ?? {};
  return accounts.length === 0 ? undefined : accounts.includes(account);
}

function byTotal(resource: ListResource): Capability {
  return {
    path: resource.path,
    check: async (client, account) => ok(formatCount(await readTotal(client, resource, account))),
  };
}

function byFirstPage(resource: ListResource): Capability {
  return {
    path: resource.path,
    async check(client, account) {
      const { totalCount } = await readFirstPage({ client, resource, account, pageSize: 1 });
      return ok(totalCount === undefined ? 'can be read' : formatCount(totalCount));
    },
  };
}

function byDay(resource: WindowResource): Capability {
  return {
    path: resource.path,
    async check(client, account) {
      await readToday(client, resource, account);
      return ok('can be read');
    },
  };
}

/** The orders of one day are enough: the list has no pages. */
async function readToday(client: DashboardClient, resource: WindowResource, account: string): Promise<void> {
  const today = dayOf(new Date());
  await readFirstPage({ client, resource: withinWindow(resource, { from: today, to: today }), account });
}

async function checkAssignment(client: DashboardClient, account: string): Promise<Verdict> {
  await readToday(client, numberAssignments, account);
  try {
    if (await checkAssignmentFeature(client, { account })) return ok('can be read, and the account may assign numbers');
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return warning(`can be read; whether the account may assign numbers could not be read: ${messageOf(error)}`);
  }
  return warning(`can be read; ${missingFeature(account)}`);
}
