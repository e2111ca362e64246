import { billingOf, type Config } from '../../config.js';
import { type AccountInfo, readAccount } from '../../dashboard/account.js';
import { probeBillingReports } from '../../dashboard/billing-reports.js';
import type { DashboardClient } from '../../dashboard/client.js';
import { withinWindow } from '../../dashboard/date-window.js';
import { ApiError, isNotOffered } from '../../dashboard/errors.js';
import { checkAssignmentFeature, missingFeature } from '../../dashboard/number-assignments.js';
import { readFirstPage, readTotal } from '../../dashboard/pager.js';
import { permissionFor } from '../../dashboard/permissions.js';
import { descriptions } from '../../dashboard/registry.js';
import { listReports } from '../../dashboard/report-instances.js';
import type { Description, WindowResource } from '../../dashboard/resource.js';
import { numberAssignments } from '../../dashboard/resources/number-assignments.js';
import { readNumberHistory } from '../../dashboard/single-number.js';
import { dayOf } from '../../days.js';
import { LedgerError, messageOf } from '../../errors.js';
import { loadFormData } from '../../nruf/form-data.js';
import { historiesSetting } from '../../sync/number-histories/read-histories.js';
import { type Trail, trails } from '../../sync/order-history/trails.js';
import { formatCount } from '../format.js';
import { type CheckReport, inOneLine, ok, skipped, type Verdict, warning } from './report.js';

/**
 * Checks access to an account and to each resource that the jobs use, one line each.
 *
 * @param whyNoRequests why no request may be sent; undefined if requests may be sent
 * @returns the API's time, if the response contained it
 */
export async function checkAccount(
  report: CheckReport,
  client: DashboardClient,
  account: string,
  config: Config,
  whyNoRequests: string | undefined,
): Promise<Date | undefined> {
  let info: AccountInfo | undefined;
  let isAccessible = false;
  const inaccessible = skipped(whyNoRequests ?? 'the account is not accessible');
  await report.check(`account ${account}`, async () => {
    if (whyNoRequests !== undefined) return inaccessible;
    try {
      info = await readAccount(client, account);
    } catch (error) {
      // The jobs don't read the account itself, so a missing role for this request alone is only a warning.
      const isRole = error instanceof ApiError && error.isForbiddenWithoutReason;
      if (!isRole || (await isInToken(client, account)) === false) throw error;
      isAccessible = true;
      return warning('account data is not readable (403); the resources that the jobs need are checked below');
    }
    isAccessible = true;
    const name = info.companyName === undefined ? '' : ` (${info.companyName})`;
    if ((await isInToken(client, account)) === false) {
      return warning(`accessible${name}, although the token does not list it`);
    }
    return ok(`accessible${name}`);
  });
  for (const description of descriptions) {
    await report.check(titleOf(account, description.list.path(account)), async () =>
      isAccessible ? checkResource(client, account, description) : inaccessible,
    );
  }
  for (const trail of trails) {
    await report.check(`account ${account}, ${trail.title}`, async () => {
      if (trail.part === 'notes' && !config.keepNotes) return skipped('TN_LEDGER_KEEP_NOTES is not 1');
      return isAccessible ? checkTrail(client, account, trail) : inaccessible;
    });
  }
  await report.check(titleOf(account, `/accounts/${account}/billingreports`), async () => {
    if (billingOf(config, account).types.length === 0) return skipped('TN_LEDGER_BILLING_TYPES is empty');
    if (!isAccessible) return inaccessible;
    await probeBillingReports(client, account);
    return ok('readable');
  });
  await report.check(titleOf(account, `/accounts/${account}/reports`), async () => {
    if (config.assignmentReport === 'off') return skipped('TN_LEDGER_ASSIGNMENT_REPORT is off');
    return isAccessible ? checkAssignmentReport(client, account, config) : inaccessible;
  });
  await report.check(titleOf(account, '/tns/1/history'), async () => {
    if (config.jobLimits.numberHistoriesPerNight === 0) return skipped(`${historiesSetting} is 0`);
    return isAccessible ? checkHistories(client, account) : inaccessible;
  });
  return info?.serverTime;
}

function titleOf(account: string, path: string): string {
  return `account ${account}, ${permissionFor(path)?.what}`;
}

/** Undefined if the token doesn't list accounts, such as for system-wide credentials. */
async function isInToken(client: DashboardClient, account: string): Promise<boolean | undefined> {
  const { accounts = [] } = (await client.tokenClaims()) ?? {};
  return accounts.length === 0 ? undefined : accounts.includes(account);
}

/** Checks whether a resource is readable, with its cheapest request. */
function checkResource(client: DashboardClient, account: string, description: Description): Promise<Verdict> {
  const read = () => readResource(client, account, description);
  return description.optional ? unlessNotOffered(description.job.name, read) : read();
}

/** The ledger is complete without what the job reads, so a missing role is a warning. */
async function unlessNotOffered(job: string, read: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await read();
  } catch (error) {
    if (!isNotOffered(error)) throw error;
    return skippedBy(job, error);
  }
}

function skippedBy(job: string, error: ApiError): Verdict {
  return warning(`${inOneLine(error).replace(/\.$/, '')}; ${job} skips them`);
}

async function readResource(client: DashboardClient, account: string, description: Description): Promise<Verdict> {
  const { list: resource } = description;
  if (description === numberAssignments) return checkAssignment(client, account);
  if (resource.totals !== undefined) return ok(formatCount(await readTotal(client, resource, account)));
  const isWindowed = description.type === 'numbers' || description.type === 'orders';
  if (isWindowed && resource.pageSize === undefined) {
    await readToday(client, description.list, account);
    return ok('readable');
  }
  const { totalCount } = await readFirstPage({ client, resource, account, pageSize: 1 });
  return ok(totalCount === undefined ? 'readable' : formatCount(totalCount));
}

/** No order has this ID: the credentials lack the role if the answer is 403, and have it if the order isn't found. */
const noOrder = '00000000-0000-0000-0000-000000000000';

function checkTrail(client: DashboardClient, account: string, { path }: Trail): Promise<Verdict> {
  return unlessNotOffered('sync-order-history', async () => {
    await client.get({ account, path: path(account, noOrder), accept: [200, 204, 400, 404], parse: () => undefined });
    return ok('readable');
  });
}

/** Reads only one day, because the list has no pages. */
async function readToday(client: DashboardClient, resource: WindowResource, account: string): Promise<void> {
  const today = dayOf(client.now());
  await readFirstPage({ client, resource: withinWindow(resource, { from: today, to: today }), account });
}

/** The ledger is complete without the report, so whatever Bandwidth refuses is a warning. */
async function checkAssignmentReport(client: DashboardClient, account: string, { formFile }: Config): Promise<Verdict> {
  const { reportId } = loadFormData(formFile).assignmentReport;
  try {
    const offered = await listReports({ client, account });
    const found = offered.find(({ id }) => id === reportId);
    if (found !== undefined) return ok(`readable: ${found.id} ${found.name}`);
    return warning(
      `Bandwidth doesn't offer report ${reportId}; fetch-assignment-report skips it. Ask Bandwidth for End-User Phone Number Assignment, or set TN_LEDGER_ASSIGNMENT_REPORT=off`,
    );
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return skippedBy('fetch-assignment-report', error);
  }
}

/** A number for fiction, which nobody has: whatever the API says about it, it read the request. */
const fictionalNumber = '2025550100';

function checkHistories(client: DashboardClient, account: string): Promise<Verdict> {
  return unlessNotOffered('fetch-number-histories', async () => {
    try {
      await readNumberHistory({ client, account, number: fictionalNumber, spellings: [fictionalNumber] });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 400)) throw error;
    }
    return ok('readable');
  });
}

async function checkAssignment(client: DashboardClient, account: string): Promise<Verdict> {
  await readToday(client, numberAssignments.list, account);
  try {
    if (await checkAssignmentFeature(client, { account })) return ok('readable, and the account can assign numbers');
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return warning(`readable; could not determine whether the account can assign numbers: ${messageOf(error)}`);
  }
  return warning(`readable; ${missingFeature(account)}`);
}
