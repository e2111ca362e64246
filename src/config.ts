import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { parse as parseConnectionString } from 'pg-connection-string';
import { z } from 'zod';
import { type AccountsFile, type Company, readAccountsFile } from './accounts-file.js';
import { messageOf, UsageError } from './errors.js';
import { nearestName } from './nearest.js';
import { secretUrlProblem, secureUrlProblem, smtpUrlProblem } from './secure-url.js';
import { isAccountId, isBillingType, wholeNumberText } from './setting-rules.js';
import { scheduleProblem } from './timetable.js';

/** OAuth 2.0 client credentials, or the user name and password of an API user. */
export type Credentials = (
  | { kind: 'oauth'; clientId: string; clientSecret: string; tokenUrl: string }
  | { kind: 'basic'; username: string; password: string }
) & {
  /** Their name in the accounts file; undefined: they come from the variables. */
  name?: string;
};

export interface ApiConfig {
  credentials: Credentials;
  /** Up to and including `/api`, `/api/v1` or `/api/v2`, no trailing slash. */
  apiUrl: string;
  /** Rate limit: requests per account in any minute, over all processes that share the database. */
  requestsPerMinute: number;
  /** Requests in flight per account. */
  concurrency: number;
  /** Largest allowed difference between this machine's clock and the API's, in milliseconds. */
  maxClockDifferenceMs: number;
  /** Timeout of one attempt of a request in milliseconds, except for downloads. */
  requestTimeoutMs: number;
  /** Largest response in bytes, decompressed, except for downloads. */
  maxBodyBytes: number;
}

/** Limits of one run of a job, in case the API keeps returning pages forever. */
export interface JobLimits {
  /** Milliseconds that a nightly run may spend reading order details. */
  nightLimitMs: number;
  /** Requests that the nightly run of an account may send; undefined: any number. */
  requestsPerNight?: number | undefined;
  /** Numbers whose histories a run reads at most. */
  numberHistoriesPerNight: number;
  /** Milliseconds after which a run fails; applies to each job and to the nightly run as a whole. */
  jobDeadlineMs: number;
  /** Maximum number of entries in one list. */
  maxListEntries: number;
  /** Minimum average fill of a list's pages after the first 100, as a share (0..1) of the requested page size. */
  minPageFill: number;
}

/** Limits of a billing archive, to guard against zip bombs. */
export interface ArchiveLimits {
  entries: number;
  /** Uncompressed bytes per compressed byte. */
  ratio: number;
  /** Total uncompressed size of its files, in bytes. */
  uncompressedBytes: number;
}

/** Limits of a download, to guard against servers that trickle data. */
export interface DownloadLimits {
  /** Minimum bytes per second, averaged over a minute. */
  bytesPerSecond: number;
  /** Milliseconds that a download may take in addition to its size divided by that rate. */
  extraMs: number;
}

/** Settings for billing reports. */
export interface BillingSettings {
  /** Report types that the nightly run fetches. */
  types: readonly string[];
  /** Days that archives are kept. */
  keepArchivesDays: number;
  limits: ArchiveLimits;
  download: DownloadLimits;
}

/** How often an account's assignment report is fetched. */
export const assignmentReportSchedules = ['nightly', 'weekly', 'off'] as const;
export type AssignmentReportSchedule = (typeof assignmentReportSchedules)[number];

/** Settings of scheduled backups. */
export interface BackupSettings {
  /** Absolute path of their folder; undefined: there are none. */
  folder: string | undefined;
  /** How many to keep. */
  keep: number;
}

/** What the accounts file says about an account. */
export interface AccountSettings {
  label: string | undefined;
  /** Undefined: those of `billing`. */
  billingTypes: readonly string[] | undefined;
  /** Operating company number under which its numbers are filed. */
  ocn: string | undefined;
  /** Undefined: TN_LEDGER_SCHEDULE. */
  schedule: { name: string; expression: string } | undefined;
  /** Undefined if the caller doesn't need the API. Accounts with the same credentials share the object in `credentials`. */
  api: ApiConfig | undefined;
}

/** Where alerts are sent. Its URLs are secrets: whoever has them can send messages too. */
export interface AlertSettings {
  webhook: { url: string; format: 'slack' | 'json' } | undefined;
  email: { smtpUrl: string; from: string; to: readonly string[] } | undefined;
  /** Receives pings when nightly runs start and end, as healthchecks.io does. */
  pingUrl: string | undefined;
}

export interface Config {
  /** Undefined: the embedded PostgreSQL in `dataDir`. */
  databaseUrl: string | undefined;
  /** A replica for commands that only read; undefined: the same server. */
  readUrl: string | undefined;
  /** Absolute path of the data folder. */
  dataDir: string;
  /** Users, by name or number, whose inbox files are accepted in addition to the service user's and root's. */
  inboxUsers: string[];
  /** Mode of the files that tn-ledger writes. Folders also get the matching execute bits. */
  fileMode: number;
  schedule: string;
  timezone: string;
  jobLimits: JobLimits;
  /** How many accounts are worked on at the same time. */
  concurrentAccounts: number;
  /** Milliseconds that a transaction waits for a lock. */
  lockTimeoutMs: number;
  billing: BillingSettings;
  assignmentReport: AssignmentReportSchedule;
  backups: BackupSettings;
  /** Absolute path of the file that replaces headings of filings; undefined: none. */
  formFile: string | undefined;
  /** Companies that file, by OCN. */
  companies: ReadonlyMap<string, Company>;
  /** Days that runs are kept. */
  keepRunsDays: number;
  /** Days that report files are kept. */
  keepReportsDays: number;
  /** Notes of orders, and free texts in their histories, are read and stored. */
  keepNotes: boolean;
  /** How many days records of BDR and MDR reports are kept; undefined: forever. */
  keepBillingDays: number | undefined;
  /** Share (0..1) of an account's numbers that a snapshot may close without `--accept-shrink`. */
  maxShrink: number;
  /** Where `schedule` and `worker` serve health, metrics and reports; undefined: nowhere. */
  http: HttpSettings | undefined;
  /** Absolute path of the file for node_exporter's textfile collector. */
  metricsFile: string | undefined;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Undefined: pretty on a terminal, json elsewhere. */
  logFormat: 'pretty' | 'json' | undefined;
  alerts: AlertSettings;
  /**
   * Accounts in BANDWIDTH_ACCOUNT_ID or in the accounts file, in order and without duplicates. Empty if neither is set;
   * commands that use the API then work on the accounts listed in the access token.
   */
  accounts: string[];
  /** By account ID; empty without an accounts file. */
  accountSettings: ReadonlyMap<string, AccountSettings>;
  /**
   * Undefined if the caller doesn't need the API. With an accounts file: of its first account; see `apiOf`.
   */
  api: ApiConfig | undefined;
  /** Values that the redactor must remove from all output. */
  secrets: string[];
  /** Messages about settings that are valid but questionable. */
  warnings: string[];
  /** Variables that are set and have one of our prefixes, but don't exist. */
  unknownVariables: UnknownVariable[];
}

export interface HttpSettings {
  /** A name or an address, IPv6 without brackets. */
  host: string;
  /** 0: any free port. */
  port: number;
  /** Whether it is the default rather than a setting. */
  isDefault: boolean;
  /** Further names that clients may use for this server, in lower case. */
  hosts: readonly string[];
}

export interface UnknownVariable {
  name: string;
  /** The variable probably intended. */
  nearest: string | undefined;
}

export interface ConfigSource {
  /** The process's environment. */
  env: Readonly<Record<string, string | undefined>>;
  /** The working folder: contains `.env`, and relative paths are resolved against it. */
  cwd: string;
  /** Whether the command uses the Dashboard API and therefore requires an account and credentials. */
  needsApi: boolean;
}

/** The API settings of an account. */
export function apiOf({ accountSettings, api }: Pick<ApiReady, 'accountSettings' | 'api'>, account: string): ApiConfig {
  return accountSettings.get(account)?.api ?? api;
}

/** The configuration of a command that uses the API. */
export type ApiReady = Config & { api: ApiConfig };

/** The account's billing settings. */
export function billingOf({ accountSettings, billing }: Config, account: string): BillingSettings {
  return { ...billing, types: accountSettings.get(account)?.billingTypes ?? billing.types };
}

/** The ID of an account that a user names by ID or label. */
export function accountNamed({ accountSettings }: Pick<Config, 'accountSettings'>, wanted: string): string {
  for (const [id, { label }] of accountSettings) if (label === wanted) return id;
  return wanted;
}

/** Accounts whose nightly runs start at the same time. */
export interface ScheduleGroup {
  /** For messages: `TN_LEDGER_SCHEDULE`, or `schedule NAME`. */
  source: string;
  expression: string;
  accounts: string[];
}

/** The groups of scheduled accounts, in the order of the accounts; at least one, which may be empty. */
export function scheduleGroups(config: Pick<Config, 'accounts' | 'accountSettings' | 'schedule'>): ScheduleGroup[] {
  const groups = new Map<string | undefined, ScheduleGroup>();
  for (const account of config.accounts) {
    const own = config.accountSettings.get(account)?.schedule;
    const group = groups.get(own?.name) ?? {
      source: own === undefined ? 'TN_LEDGER_SCHEDULE' : `schedule ${own.name}`,
      expression: own?.expression ?? config.schedule,
      accounts: [],
    };
    group.accounts.push(account);
    groups.set(own?.name, group);
  }
  if (groups.size > 0) return [...groups.values()];
  return [{ source: 'TN_LEDGER_SCHEDULE', expression: config.schedule, accounts: [] }];
}

/** An account for a reader: its ID, with its label if it has one. */
export function titleOfAccount({ accountSettings }: Pick<Config, 'accountSettings'>, account: string): string {
  const label = accountSettings.get(account)?.label;
  return label === undefined ? account : `${account} (${label})`;
}

export function describeUnknown({ name, nearest }: UnknownVariable): string {
  return `${name} is set but has no effect${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}

/** The configuration is incomplete or invalid. The message lists every missing or invalid variable. */
export class ConfigError extends UsageError {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    const count = `${problems.length} configuration ${problems.length === 1 ? 'error' : 'errors'}`;
    super(`${count}:\n${problems.map((p) => `  - ${p}`).join('\n')}`, {
      hint: 'Fix these settings in the environment or in a .env file in the working folder (.env.example lists all settings), then run `tn-ledger check`.',
    });
  }
}

/** Bandwidth's hosts. The test hosts come from Bandwidth's command-line client and API documentation. */
const hosts = {
  production: {
    oauth: 'https://api.bandwidth.com/api',
    basic: 'https://dashboard.bandwidth.com/api',
    token: 'https://api.bandwidth.com/api/v1/oauth2/token',
  },
  test: {
    oauth: 'https://test.api.bandwidth.com/api/v2',
    basic: 'https://test.dashboard.bandwidth.com/api',
    token: 'https://test.api.bandwidth.com/api/v1/oauth2/token',
  },
} as const;

/** Variables that can be read from the file named by `<NAME>_FILE`, for secrets mounted by container platforms. */
const fileVariables = [
  'BANDWIDTH_CLIENT_ID',
  'BANDWIDTH_CLIENT_SECRET',
  'BANDWIDTH_USERNAME',
  'BANDWIDTH_PASSWORD',
  'DATABASE_URL',
  'TN_LEDGER_READ_URL',
  'TN_LEDGER_ALERT_WEBHOOK',
  'TN_LEDGER_ALERT_SMTP_URL',
  'TN_LEDGER_PING_URL',
] as const;

/** The default of TN_LEDGER_HTTP. */
const defaultHttp = '127.0.0.1:9464';

const durationUnits = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const optional = (schema: z.ZodType<string>) => schema.optional();

const wholeNumber = (fallback: number, example: string) =>
  z.string().default(String(fallback)).pipe(wholeNumberText(example));

/** Nightly runs request the days of the last month again if something is missing. */
const leastBillingDays = 62;

/** The embedded server allows 200 connections. */
const maxConcurrentAccounts = 64;

const accountIds = z
  .string()
  .transform((text) => [...new Set(splitList(text))])
  .refine((ids) => ids.length > 0, {
    error: 'is empty: set it to your Bandwidth account ID, or to several separated by commas',
  })
  .refine((ids) => ids.every(isAccountId), {
    error: 'must be account IDs (letters, digits, dashes) separated by commas, such as 9900008,9900009',
  });

const duration = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .refine((text) => parseDuration(text) !== undefined, { error: 'must be a duration such as 4h, 90m or 30s' })
    .transform((text) => parseDuration(text) as number);

/** For timers and PostgreSQL timeouts: both overflow at 24 days, and 0 would mean no limit. */
const timeLimit = (fallback: string) =>
  duration(fallback).refine((ms) => ms >= 1000 && ms <= 20 * durationUnits.d, { error: 'must be from 1s to 20d' });

const percentage = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .refine((text) => /^\d+(\.\d+)?\s*%?$/.test(text) && Number.parseFloat(text) <= 100, {
      error: `must be a percentage from 0 to 100, such as ${fallback}`,
    })
    .transform((text) => Number.parseFloat(text) / 100);

/** Milliseconds of a duration such as `4h`, `90m`, `30s` or `1.5d`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!/^\d+(\.\d+)?[smhd]$/.test(text)) return undefined;
  return Number.parseFloat(text) * durationUnits[text.slice(-1) as keyof typeof durationUnits];
}

const sizeUnits = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 } as const;

const size = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .refine((text) => /^\d{1,15}(\.\d+)?\s*[kmgt]?b$/i.test(text) && Number.parseFloat(text) > 0, {
      error: 'must be a size such as 200GB or 500MB',
    })
    .transform((text) => {
      const unit = /[a-z]+$/i.exec(text)?.[0].toLowerCase() as keyof typeof sizeUnits;
      return Math.round(Number.parseFloat(text) * sizeUnits[unit]);
    });

const secureUrl = z.string().superRefine((text, context) => {
  const problem = secureUrlProblem(text, hosts.production.oauth);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const secretUrl = (example: string) =>
  z.string().superRefine((text, context) => {
    const problem = secretUrlProblem(text, example);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

const smtpUrl = z.string().superRefine((text, context) => {
  const problem = smtpUrlProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const isMailAddress = (text: string) => /^[^\s@,<>]+@[^\s@,<>]+$/.test(text);

const apiUrl = secureUrl
  .transform((text) => text.replace(/\/+$/, ''))
  .refine((text) => !URL.canParse(text) || /\/api(?:\/v[12])?$/.test(new URL(text).pathname), {
    error: `must be a base URL that ends in /api, /api/v1 or /api/v2, such as ${hosts.production.oauth}`,
  });

/**
 * Documents a variable in docs/configuration.md: its meaning, and the behavior when it is unset if that isn't a fixed default.
 * Required for every variable (tested). Run `npm run docs` after a change.
 */
const about = (description: string, unset?: string) => ({ description, ...(unset !== undefined && { unset }) });

const connectionString = z.string().superRefine((text, context) => {
  const problem = databaseUrlProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const variables = z.object({
  DATABASE_URL: optional(connectionString).meta(
    about(
      'Connection string of a PostgreSQL server, version 15 or later.',
      'an embedded PostgreSQL in the data folder',
    ),
  ),
  TN_LEDGER_READ_URL: optional(connectionString).meta(
    about(
      'Connection string of a replica of that server, for `sql`, `tables`, `number`, `idle`, `nruf`, `filing`, `rnd`, `audit`, `report` and `files` when they only read.',
      'the server of `DATABASE_URL`',
    ),
  ),
  TN_LEDGER_DATA_DIR: z
    .string()
    .default('./data')
    .meta(about('Data folder: the embedded database, downloads, inbox, outbox and reports.')),
  TN_LEDGER_INBOX_USERS: z
    .string()
    .default('')
    .transform(splitList)
    .refine((users) => users.every((user) => /^[A-Za-z0-9_.][A-Za-z0-9_.@-]*\$?$/.test(user)), {
      error: 'must be user names or numeric user IDs separated by commas, such as sftp,1001',
    })
    .meta(
      about(
        'Users, by name or numeric ID, whose files are accepted from the inbox in addition to those of root and of the user that runs tn-ledger; comma-separated.',
        'none',
      ),
    ),
  TN_LEDGER_FILE_MODE: z
    .string()
    .default('0600')
    .refine((text) => /^0?6[046][04]$/.test(text), { error: 'must be a file mode such as 0600, 0640 or 0644' })
    .transform((text) => Number.parseInt(text, 8))
    .meta(
      about(
        'Mode of the files that tn-ledger writes; `0640` lets the group read them. Folders also get the matching execute bits.',
      ),
    ),
  TN_LEDGER_SCHEDULE: z
    .string()
    .default('0 2 * * *')
    .superRefine((text, context) => {
      const problem = scheduleProblem(text);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .meta(about('When `tn-ledger schedule` starts the nightly run: a five-field cron expression.')),
  TN_LEDGER_TIMEZONE: z
    .string()
    .default('America/New_York')
    .refine(isTimeZone, { error: 'must be an IANA time zone, such as America/New_York or UTC' })
    .meta(about('IANA time zone of `TN_LEDGER_SCHEDULE`.')),
  TN_LEDGER_NIGHT_LIMIT: duration('4h').meta(
    about('How long the nightly run may spend reading order details. The next run continues.'),
  ),
  TN_LEDGER_REQUESTS_PER_NIGHT: wholeNumberText('5000')
    .optional()
    .meta(
      about(
        'How many requests the nightly run of an account may send. What does not fit is left to the next run; `tn-ledger plan` shows what each job needs.',
        'unset: no limit',
      ),
    ),
  TN_LEDGER_NUMBER_HISTORIES_PER_NIGHT: z
    .string()
    .default('25')
    .refine((text) => /^\d{1,9}$/.test(text), { error: 'must be a whole number, such as 25, or 0' })
    .transform(Number)
    .meta(
      about(
        "For how many numbers that joined or left an account without an order the nightly run reads Bandwidth's history of the number, the latest moves first: one request each. `0` turns it off.",
      ),
    ),
  TN_LEDGER_JOB_DEADLINE: timeLimit('24h').meta(
    about('Time limit of a run. A run that exceeds it fails; committed data is kept, and the next run resumes.'),
  ),
  TN_LEDGER_MAX_LIST_ENTRIES: wholeNumber(10_000_000, '10000000').meta(
    about('Maximum number of entries in one list. Reading a longer list fails.'),
  ),
  TN_LEDGER_MIN_PAGE_FILL: percentage('1').meta(
    about('Minimum average fill of the pages of a list after the first 100, as a percentage.'),
  ),
  TN_LEDGER_CONCURRENT_ACCOUNTS: wholeNumber(8, '8')
    .refine((count) => count <= maxConcurrentAccounts, { error: `must be from 1 to ${maxConcurrentAccounts}` })
    .meta(
      about(
        `How many accounts one process works on at the same time, from 1 to ${maxConcurrentAccounts}. A process opens up to two database connections per account plus three, and at least twelve: 19 with the default. \`schedule\` and \`worker\` open up to three more for monitoring, and \`schedule\` two for backups and pruning. The server's \`max_connections\` must allow that for every process.`,
      ),
    ),
  TN_LEDGER_LOCK_TIMEOUT: timeLimit('15m').meta(
    about(
      'How long a transaction waits for a database lock, over up to three attempts. Migrations wait as long, in attempts of three seconds.',
    ),
  ),
  TN_LEDGER_BILLING_TYPES: z
    .string()
    .default('BDR')
    .transform(splitList)
    .refine((types) => types.every(isBillingType), {
      error: 'must be report types separated by commas, such as BDR,MDR (empty: none)',
    })
    .meta(about('Billing report types that the nightly run fetches, comma-separated; empty: none.')),
  TN_LEDGER_KEEP_ARCHIVES: wholeNumber(400, '400 (days)').meta(
    about('How many days to keep the archives of billing reports.'),
  ),
  TN_LEDGER_ASSIGNMENT_REPORT: z
    .enum(assignmentReportSchedules, { error: 'must be nightly, weekly or off' })
    .default('weekly')
    .meta(
      about(
        "How often the nightly run fetches Bandwidth's own report of assigned numbers, to compare it with the ledger: `nightly`, `weekly` or `off`; see [assignment.md](assignment.md#bandwidths-own-report).",
      ),
    ),
  TN_LEDGER_FORM_FILE: optional(z.string()).meta(
    about(
      "YAML or JSON file with the headings of FCC Form 502, of the Utilization Missing report, of the file for the Reassigned Numbers Database and of Bandwidth's assignment report, if they differ from those of this version; see [filing.md](filing.md).",
      'the headings of this version',
    ),
  ),
  TN_LEDGER_BACKUP_DIR: optional(z.string()).meta(
    about(
      'Folder of scheduled backups: `tn-ledger schedule` writes one after the nightly runs, on one of the hosts that have the setting; see [backup.md](backup.md).',
      'none; no scheduled backups',
    ),
  ),
  TN_LEDGER_KEEP_BACKUPS: wholeNumber(7, '7').meta(
    about('How many scheduled backups of the ledger to keep in TN_LEDGER_BACKUP_DIR.'),
  ),
  TN_LEDGER_KEEP_RUNS: wholeNumber(400, '400 (days)').meta(
    about('How many days `tn-ledger prune` keeps the runs in `sync_runs`. The latest runs of each job always stay.'),
  ),
  TN_LEDGER_KEEP_REPORTS: wholeNumber(400, '400 (days)').meta(
    about(
      'How many days `tn-ledger prune` keeps the HTML reports in the data folder. The latest of each account always stays.',
    ),
  ),
  TN_LEDGER_KEEP_NOTES: z
    .enum(['0', '1'], { error: 'must be 1 or 0' })
    .default('0')
    .meta(
      about(
        'Whether notes of orders, and free texts in the histories of orders, are read and stored: `1` or `0`. They may contain personal data. With `0`, the next run deletes those that are stored; see [order-history.md](order-history.md#notes-and-personal-data).',
      ),
    ),
  TN_LEDGER_KEEP_BILLING: wholeNumberText('400 (days)')
    .refine((days) => days >= leastBillingDays, { error: `must be at least ${leastBillingDays} days` })
    .optional()
    .meta(
      about(
        `How many days \`tn-ledger prune\` keeps the records of BDR and MDR reports, in whole months and at least ${leastBillingDays} days; \`billing_daily\` keeps what they add up to.`,
        'unset: forever',
      ),
    ),
  TN_LEDGER_ARCHIVE_MAX_ENTRIES: wholeNumber(100, '100').meta(about('Maximum number of files in a billing archive.')),
  TN_LEDGER_ARCHIVE_MAX_RATIO: wholeNumber(200, '200').meta(
    about('Maximum compression ratio of an archive: uncompressed bytes per compressed byte.'),
  ),
  TN_LEDGER_ARCHIVE_MAX_SIZE: size('200GB').meta(about('Maximum total uncompressed size of the files in an archive.')),
  TN_LEDGER_MIN_DOWNLOAD_RATE: size('10KB').meta(
    about('Minimum download rate of a billing archive per second, averaged over a minute.'),
  ),
  TN_LEDGER_DOWNLOAD_TIMEOUT: duration('15m').meta(
    about('Time that a download may take in addition to its size divided by that rate.'),
  ),
  TN_LEDGER_MAX_SHRINK: percentage('20').meta(
    about(
      "Maximum percentage of an account's numbers that one run may close. A run that would close more stops; `tn-ledger run nightly --accept-shrink` closes them.",
    ),
  ),
  TN_LEDGER_HTTP: z
    .string()
    .refine((text) => text === '' || parseAddress(text) !== undefined, {
      error: `must be an address and a port such as ${defaultHttp}, [::1]:9464 or 0.0.0.0:9464 (empty: none)`,
    })
    .optional()
    .meta(
      about(
        'Address and port where `schedule` and `worker` serve `/healthz`, `/readyz`, `/metrics` and the reports; empty: none. Anyone who can connect can read them; see [monitoring.md](monitoring.md).',
        `\`${defaultHttp}\`, if it is free`,
      ),
    ),
  TN_LEDGER_HTTP_HOSTS: z
    .string()
    .default('')
    .transform((text) => splitList(text.toLowerCase()))
    .refine((names) => names.every((name) => /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/.test(name)), {
      error: 'must be host names without ports, separated by commas, such as ledger.example.com',
    })
    .meta(
      about(
        'Host names by which clients reach `TN_LEDGER_HTTP`, comma-separated, such as the name of a reverse proxy or a Kubernetes service. Addresses and the name of this machine need no entry.',
        'none',
      ),
    ),
  TN_LEDGER_METRICS_FILE: optional(
    z.string().refine((text) => text.endsWith('.prom'), {
      error: "must end in .prom, or node_exporter's textfile collector ignores it",
    }),
  ).meta(
    about(
      "File for node_exporter's textfile collector, ending in `.prom`: `run`, `assign`, `billing` and `tn-ledger worker --until-done` write their metrics to it when they end, failed or not.",
      'none',
    ),
  ),
  TN_LEDGER_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'], { error: 'must be debug, info, warn or error' })
    .default('info')
    .meta(about('Minimum severity of log messages: `debug`, `info`, `warn` or `error`.')),
  TN_LEDGER_LOG_FORMAT: z
    .enum(['pretty', 'json'], { error: 'must be pretty or json' })
    .optional()
    .meta(about('Log format: `pretty` or `json`.', '`pretty` on a terminal, otherwise `json`')),
  TN_LEDGER_ALERT_WEBHOOK: optional(secretUrl('https://hooks.slack.com/services/…')).meta(
    about(
      'URL to which alerts are posted: a Slack-compatible incoming webhook, or any other with `TN_LEDGER_ALERT_FORMAT=json`; see [alerts.md](alerts.md). A secret.',
      'none',
    ),
  ),
  TN_LEDGER_ALERT_FORMAT: z
    .enum(['slack', 'json'], { error: 'must be slack or json' })
    .default('slack')
    .meta(
      about('What is posted: `slack` (`{"text": …}`) or `json`, the object that [alerts.md](alerts.md) describes.'),
    ),
  TN_LEDGER_ALERT_SMTP_URL: optional(smtpUrl).meta(
    about(
      'Mail server for alerts: `smtps://user:password@host:465`, or `smtp://user:password@host:587`, which must offer STARTTLS. Special characters in the password are percent-encoded. A secret.',
      'none',
    ),
  ),
  TN_LEDGER_ALERT_TO: z
    .string()
    .default('')
    .transform(splitList)
    .refine((addresses) => addresses.every(isMailAddress), {
      error: 'must be mail addresses separated by commas, such as ops@example.com',
    })
    .meta(about('Mail addresses that get alerts, comma-separated.', 'none')),
  TN_LEDGER_ALERT_FROM: optional(
    z.string().refine(isMailAddress, { error: 'must be a mail address such as tn-ledger@example.com' }),
  ).meta(
    about(
      'Mail address from which alerts are sent.',
      'the user of `TN_LEDGER_ALERT_SMTP_URL` if it is a mail address, otherwise `tn-ledger@` and the name of the host',
    ),
  ),
  TN_LEDGER_PING_URL: optional(secretUrl('https://hc-ping.com/…')).meta(
    about(
      'URL that is pinged when a nightly run starts (`/start`) and ends (`/` and the exit status), as [healthchecks.io](https://healthchecks.io/docs/http_api/) expects; see [alerts.md](alerts.md). A secret.',
      'none',
    ),
  ),
});

const apiVariables = z.object({
  BANDWIDTH_ACCOUNT_ID: accountIds
    .optional()
    .meta(
      about(
        'One or more Bandwidth account IDs, comma-separated. Required with a user name and password.',
        'the accounts listed in the access token',
      ),
    ),
  TN_LEDGER_ACCOUNTS_FILE: optional(z.string()).meta(
    about(
      'YAML or JSON file with the accounts, if they have different credentials, rate limits or billing types; see [accounts.md](accounts.md). Replaces `BANDWIDTH_ACCOUNT_ID`.',
      'none',
    ),
  ),
  BANDWIDTH_ENVIRONMENT: z
    .enum(['production', 'test'], { error: 'must be production or test' })
    .default('production')
    .meta(about('Bandwidth environment: `production` or `test`.')),
  BANDWIDTH_CLIENT_ID: optional(z.string()).meta(
    about('OAuth 2.0 client ID, created in the Bandwidth App.', 'none; a user name and password are required'),
  ),
  BANDWIDTH_CLIENT_SECRET: optional(z.string()).meta(about('OAuth 2.0 client secret.', 'none')),
  BANDWIDTH_USERNAME: optional(z.string()).meta(
    about('User name of an API user (Basic authentication, which Bandwidth is retiring).', 'none'),
  ),
  BANDWIDTH_PASSWORD: optional(z.string()).meta(about('Password of the API user.', 'none')),
  BANDWIDTH_API_URL: optional(apiUrl).meta(
    about(
      'Base URL of the Dashboard API, ending in `/api`, `/api/v1` or `/api/v2`.',
      `depends on the environment; in production \`${hosts.production.oauth}\` with client credentials, otherwise \`${hosts.production.basic}\``,
    ),
  ),
  BANDWIDTH_TOKEN_URL: optional(secureUrl).meta(
    about('OAuth token URL.', `depends on the environment; in production \`${hosts.production.token}\``),
  ),
  BANDWIDTH_REQUESTS_PER_MINUTE: wholeNumber(100, '100').meta(
    about('Rate limit: requests per account in any minute, over all processes that share the database.'),
  ),
  BANDWIDTH_CONCURRENCY: wholeNumber(4, '4').meta(about('Maximum number of concurrent requests per account.')),
  TN_LEDGER_MAX_CLOCK_DIFFERENCE: duration('10m').meta(
    about(
      "Maximum difference between this machine's or the database's clock and the API's. If it is larger, no job starts, because the job would read the wrong days.",
    ),
  ),
  TN_LEDGER_REQUEST_TIMEOUT: timeLimit('5m').meta(about('Timeout of one attempt of a request, except for downloads.')),
  TN_LEDGER_MAX_BODY: size('16MB')
    .refine((bytes) => bytes >= 64e3 && bytes <= 64e6, { error: 'must be from 64KB to 64MB' })
    .meta(about('Maximum size of a decompressed response, except for downloads; from 64KB to 64MB.')),
});

/** A variable as listed in docs/configuration.md. */
export interface VariableDescription {
  name: string;
  /** Empty if the variable has none. */
  description: string;
  /** The default as it would be written in `.env`; undefined if it isn't fixed, see `unset`. */
  default: string | undefined;
  /** The behavior when the variable is not set. */
  unset: string | undefined;
  /** Whether the value can be read from the file named by `<NAME>_FILE`. */
  fromFile: boolean;
}

/** All variables, API variables first. */
export function describeVariables(): VariableDescription[] {
  const schema = z.toJSONSchema(z.object({ ...apiVariables.shape, ...variables.shape }), { io: 'input' });
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const {
      description = '',
      default: value,
      unset,
    } = property as { description?: string; default?: string; unset?: string };
    return { name, description, default: value, unset, fromFile: fileVariables.some((each) => each === name) };
  });
}

/** All variables, without the `<NAME>_FILE` variants. */
export const knownVariables: readonly string[] = [...Object.keys(variables.shape), ...Object.keys(apiVariables.shape)];

/**
 * Reads and validates the whole configuration. Environment variables override `.env`; `<NAME>_FILE` supplies a value from a file.
 *
 * @throws {ConfigError} lists every missing or invalid variable; never quotes a secret
 */
export function loadConfig(source: ConfigSource & { needsApi: true }): ApiReady;
export function loadConfig(source: ConfigSource): Config;
export function loadConfig(source: ConfigSource): Config {
  const problems: string[] = [];
  const given = { ...readDotenv(source.cwd, problems), ...source.env };
  const values = readValues(given, source.cwd, problems);
  const general = collect(variables.safeParse(values), problems);
  const alerts = general === undefined ? undefined : readAlerts(general, problems);
  const file = readFileOfAccounts(values, source.cwd, problems);
  const unknownVariables = findUnknown(given).filter(({ name }) => !file?.secretVariables.has(name));
  const secrets = secretsOf(values);
  const api = source.needsApi
    ? readApi({ values, given, unknown: unknownVariables, file, secrets }, problems)
    : undefined;
  const accounts =
    file?.accounts.map(({ id }) => id) ?? api?.accounts ?? readAccounts(values, source.needsApi ? [] : problems);
  if (general === undefined || alerts === undefined || problems.length > 0) throw new ConfigError(problems);
  return {
    databaseUrl: general.DATABASE_URL,
    readUrl: general.TN_LEDGER_READ_URL,
    dataDir: resolve(source.cwd, general.TN_LEDGER_DATA_DIR),
    inboxUsers: general.TN_LEDGER_INBOX_USERS,
    fileMode: general.TN_LEDGER_FILE_MODE,
    schedule: general.TN_LEDGER_SCHEDULE,
    timezone: general.TN_LEDGER_TIMEZONE,
    jobLimits: {
      nightLimitMs: general.TN_LEDGER_NIGHT_LIMIT,
      requestsPerNight: general.TN_LEDGER_REQUESTS_PER_NIGHT,
      numberHistoriesPerNight: general.TN_LEDGER_NUMBER_HISTORIES_PER_NIGHT,
      jobDeadlineMs: general.TN_LEDGER_JOB_DEADLINE,
      maxListEntries: general.TN_LEDGER_MAX_LIST_ENTRIES,
      minPageFill: general.TN_LEDGER_MIN_PAGE_FILL,
    },
    concurrentAccounts: general.TN_LEDGER_CONCURRENT_ACCOUNTS,
    lockTimeoutMs: general.TN_LEDGER_LOCK_TIMEOUT,
    billing: {
      types: general.TN_LEDGER_BILLING_TYPES,
      keepArchivesDays: general.TN_LEDGER_KEEP_ARCHIVES,
      limits: {
        entries: general.TN_LEDGER_ARCHIVE_MAX_ENTRIES,
        ratio: general.TN_LEDGER_ARCHIVE_MAX_RATIO,
        uncompressedBytes: general.TN_LEDGER_ARCHIVE_MAX_SIZE,
      },
      download: {
        bytesPerSecond: general.TN_LEDGER_MIN_DOWNLOAD_RATE,
        extraMs: general.TN_LEDGER_DOWNLOAD_TIMEOUT,
      },
    },
    assignmentReport: general.TN_LEDGER_ASSIGNMENT_REPORT,
    backups: {
      folder: general.TN_LEDGER_BACKUP_DIR && resolve(source.cwd, general.TN_LEDGER_BACKUP_DIR),
      keep: general.TN_LEDGER_KEEP_BACKUPS,
    },
    formFile: general.TN_LEDGER_FORM_FILE === undefined ? undefined : resolve(source.cwd, general.TN_LEDGER_FORM_FILE),
    companies: file?.companies ?? new Map(),
    keepRunsDays: general.TN_LEDGER_KEEP_RUNS,
    keepReportsDays: general.TN_LEDGER_KEEP_REPORTS,
    keepNotes: general.TN_LEDGER_KEEP_NOTES === '1',
    keepBillingDays: general.TN_LEDGER_KEEP_BILLING,
    maxShrink: general.TN_LEDGER_MAX_SHRINK,
    http: httpSettings(general.TN_LEDGER_HTTP, general.TN_LEDGER_HTTP_HOSTS),
    metricsFile:
      general.TN_LEDGER_METRICS_FILE === undefined ? undefined : resolve(source.cwd, general.TN_LEDGER_METRICS_FILE),
    logLevel: general.TN_LEDGER_LOG_LEVEL,
    logFormat: general.TN_LEDGER_LOG_FORMAT,
    alerts,
    accounts,
    accountSettings: new Map(
      file?.accounts.map(({ id, label, billingTypes, ocn, schedule: name }) => {
        const schedule = name === undefined ? undefined : { name, expression: file.schedules.get(name) as string };
        return [id, { label, billingTypes, ocn, schedule, api: api?.ofAccount.get(id) }];
      }),
    ),
    api: api?.config,
    secrets,
    warnings: api?.warnings ?? [],
    unknownVariables,
  };
}

function readAlerts(general: z.infer<typeof variables>, problems: string[]): AlertSettings {
  const { TN_LEDGER_ALERT_SMTP_URL: smtp, TN_LEDGER_ALERT_TO: to, TN_LEDGER_ALERT_WEBHOOK: webhook } = general;
  if (smtp !== undefined && to.length === 0) {
    problems.push('TN_LEDGER_ALERT_TO is missing: set it to the mail addresses that get alerts');
  } else if (smtp === undefined && to.length > 0) {
    problems.push('TN_LEDGER_ALERT_SMTP_URL is missing: set it to the mail server that sends alerts');
  }
  const user = smtp === undefined ? '' : safelyDecoded(new URL(smtp).username);
  const from = general.TN_LEDGER_ALERT_FROM ?? (isMailAddress(user) ? user : `tn-ledger@${hostname()}`);
  return {
    webhook: webhook === undefined ? undefined : { url: webhook, format: general.TN_LEDGER_ALERT_FORMAT },
    email: smtp === undefined ? undefined : { smtpUrl: smtp, from, to },
    pingUrl: general.TN_LEDGER_PING_URL?.replace(/\/+$/, ''),
  };
}

type Values = Readonly<Record<string, string | undefined>>;

/** Variables whose empty value means none; for all others it means unset. */
const mayBeEmpty: readonly string[] = ['TN_LEDGER_BILLING_TYPES', 'TN_LEDGER_HTTP'];

/** The trimmed values. */
function readValues(given: Values, cwd: string, problems: string[]): Values {
  const values: Record<string, string | undefined> = {};
  for (const name of knownVariables) {
    const value = given[name]?.trim();
    if (value !== undefined && (value !== '' || mayBeEmpty.includes(name))) values[name] = value;
  }
  for (const name of fileVariables) {
    const file = given[`${name}_FILE`]?.trim();
    if (file === undefined || file === '') continue;
    if (values[name] !== undefined) {
      problems.push(`${name} and ${name}_FILE are both set: remove one of them`);
      continue;
    }
    try {
      values[name] = readFileSync(resolve(cwd, file), 'utf8').trim();
    } catch (error) {
      problems.push(`${name}_FILE names a file that cannot be read (${messageOf(error)})`);
      // Keeps the variable from being reported a second time, as missing.
      values[name] = 'unreadable';
      continue;
    }
    if (values[name] === '') problems.push(`${name}_FILE names an empty file: ${file}`);
  }
  return values;
}

const ownPrefix = /^(?:BANDWIDTH|TN_LEDGER)_/;

/** A misspelled variable has no effect, and nothing else would report it. */
function findUnknown(given: Values): UnknownVariable[] {
  const known = [...knownVariables, ...fileVariables.map((name) => `${name}_FILE`)];
  // Shared prefixes would make any two names look similar, and the prefix itself may be the typo.
  const withoutPrefix = (name: string) => name.replace(ownPrefix, '');
  const nearestOf = (name: string) => {
    const withoutFile = name.replace(/_FILE$/, '');
    if (known.includes(withoutFile)) return withoutFile;
    const nearest = nearestName(known.map(withoutPrefix), withoutPrefix(name));
    return known.find((each) => withoutPrefix(each) === nearest);
  };
  return Object.keys(given)
    .filter((name) => ownPrefix.test(name) && !known.includes(name))
    .sort()
    .map((name) => ({ name, nearest: nearestOf(name) }));
}

/** The log format that the settings name, for messages about settings that are wrong; undefined if they name none. */
export function readLogFormat({ env, cwd }: Pick<ConfigSource, 'env' | 'cwd'>): 'pretty' | 'json' | undefined {
  const { TN_LEDGER_LOG_FORMAT: text } = { ...readDotenv(cwd, []), ...env };
  return variables.shape.TN_LEDGER_LOG_FORMAT.safeParse(text?.trim()).data;
}

function readDotenv(cwd: string, problems: string[]): Record<string, string> {
  try {
    return parseDotenv(readFileSync(resolve(cwd, '.env')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') problems.push(`.env cannot be read (${messageOf(error)})`);
    return {};
  }
}

/** For commands that don't use the API: accounts are optional, but must be valid. */
function readAccounts(values: Values, problems: string[]): string[] {
  if (values.BANDWIDTH_ACCOUNT_ID === undefined) return [];
  return (
    collect(apiVariables.pick({ BANDWIDTH_ACCOUNT_ID: true }).safeParse(values), problems)?.BANDWIDTH_ACCOUNT_ID ?? []
  );
}

/** Reads the accounts file; it replaces BANDWIDTH_ACCOUNT_ID. */
function readFileOfAccounts(values: Values, cwd: string, problems: string[]): AccountsFile | undefined {
  const name = values.TN_LEDGER_ACCOUNTS_FILE;
  if (name === undefined) return undefined;
  if (values.BANDWIDTH_ACCOUNT_ID !== undefined) {
    problems.push('BANDWIDTH_ACCOUNT_ID and TN_LEDGER_ACCOUNTS_FILE are both set: remove one of them');
  }
  return readAccountsFile(name, cwd, problems);
}

interface ApiSource {
  values: Values;
  /** All variables, for secrets that the accounts file takes from one. */
  given: Values;
  unknown: readonly UnknownVariable[];
  file: AccountsFile | undefined;
  /** Receives the secrets that the accounts file names. */
  secrets: string[];
}

interface ApiSettings {
  accounts: string[];
  config: ApiConfig;
  /** By account of the accounts file. */
  ofAccount: ReadonlyMap<string, ApiConfig>;
  warnings: string[];
}

function readApi({ values, given, unknown, file, secrets }: ApiSource, problems: string[]): ApiSettings | undefined {
  const before = problems.length;
  const parsed = collect(apiVariables.safeParse(values), problems);
  const environment = parsed?.BANDWIDTH_ENVIRONMENT ?? 'production';
  const named =
    file === undefined ? new Map() : readNamedCredentials(file, { values, given, environment, secrets }, problems);
  const needsDefault = file === undefined || file.accounts.some(({ credentials }) => credentials === undefined);
  // Its problems are reported; whether it needs the variables is unknown.
  const isFileUnusable = file === undefined && values.TN_LEDGER_ACCOUNTS_FILE !== undefined;
  const usual = needsDefault && !isFileUnusable ? chooseCredentials(values, environment, problems) : undefined;
  if (values.BANDWIDTH_ACCOUNT_ID === undefined && values.TN_LEDGER_ACCOUNTS_FILE === undefined) {
    const problem = missingAccountProblem(usual, unknown);
    // The account is the first thing to set, so list it first.
    if (problem !== undefined) problems.splice(before, 0, problem);
  }
  if (parsed === undefined || problems.length > before) return undefined;
  const configOf = (credentials: Credentials): ApiConfig => ({
    credentials,
    apiUrl: parsed.BANDWIDTH_API_URL ?? hosts[environment][credentials.kind],
    requestsPerMinute: parsed.BANDWIDTH_REQUESTS_PER_MINUTE,
    concurrency: parsed.BANDWIDTH_CONCURRENCY,
    maxClockDifferenceMs: parsed.TN_LEDGER_MAX_CLOCK_DIFFERENCE,
    requestTimeoutMs: parsed.TN_LEDGER_REQUEST_TIMEOUT,
    maxBodyBytes: parsed.TN_LEDGER_MAX_BODY,
  });
  const ofAccount = new Map<string, ApiConfig>();
  for (const { id, credentials, requestsPerMinute, concurrency } of file?.accounts ?? []) {
    const config = configOf((credentials === undefined ? usual : named.get(credentials)) as Credentials);
    ofAccount.set(id, {
      ...config,
      requestsPerMinute: requestsPerMinute ?? config.requestsPerMinute,
      concurrency: concurrency ?? config.concurrency,
    });
  }
  const config = [...ofAccount.values()][0] ?? (usual && configOf(usual));
  if (config === undefined) return undefined;
  const warnings: string[] = [];
  if (usual?.kind === 'basic') {
    warnings.push(
      'BANDWIDTH_USERNAME and BANDWIDTH_PASSWORD use Basic authentication, which Bandwidth is retiring. ' +
        'Create OAuth client credentials in the Bandwidth App and set BANDWIDTH_CLIENT_ID and BANDWIDTH_CLIENT_SECRET.',
    );
  } else if (
    usual !== undefined &&
    (values.BANDWIDTH_USERNAME !== undefined || values.BANDWIDTH_PASSWORD !== undefined)
  ) {
    warnings.push('Both client credentials and a user name or password are set; using the client credentials.');
  }
  return { accounts: parsed.BANDWIDTH_ACCOUNT_ID ?? [], config, ofAccount, warnings };
}

/** The credentials that accounts of the file use, with their secrets. */
function readNamedCredentials(
  file: AccountsFile,
  {
    values,
    given,
    environment,
    secrets,
  }: Pick<ApiSource, 'values' | 'given' | 'secrets'> & {
    environment: keyof typeof hosts;
  },
  problems: string[],
): Map<string, Credentials> {
  const named = new Map<string, Credentials>();
  const used = new Set(file.accounts.map(({ credentials }) => credentials));
  for (const [name, { kind, id, secret: source }] of file.credentials) {
    if (!used.has(name)) continue;
    const secret = file.readSecret(source, given);
    if (typeof secret !== 'string') {
      const key = kind === 'oauth' ? 'client_secret' : 'password';
      problems.push(file.problemAt(['credentials', name, key], secret.problem));
      continue;
    }
    secrets.push(secret);
    const tokenUrl = values.BANDWIDTH_TOKEN_URL ?? hosts[environment].token;
    named.set(
      name,
      kind === 'oauth'
        ? { kind, name, clientId: id, clientSecret: secret, tokenUrl }
        : { kind, name, username: id, password: secret },
    );
  }
  return named;
}

/**
 * With client credentials the token lists the accounts. A misspelled BANDWIDTH_ACCOUNT_ID is an error even then: the token's
 * accounts aren't the intended ones.
 */
function missingAccountProblem(
  credentials: Credentials | undefined,
  unknown: readonly UnknownVariable[],
): string | undefined {
  const misspelled = unknown.find(({ nearest }) => nearest === 'BANDWIDTH_ACCOUNT_ID');
  if (misspelled !== undefined) {
    return `BANDWIDTH_ACCOUNT_ID is not set, but ${misspelled.name} is: rename or remove it`;
  }
  if (credentials?.kind === 'oauth') return undefined;
  return 'BANDWIDTH_ACCOUNT_ID is missing: set it to your Bandwidth account ID, or to several separated by commas (optional only with client credentials)';
}

function chooseCredentials(
  values: Values,
  environment: keyof typeof hosts,
  problems: string[],
): Credentials | undefined {
  const { BANDWIDTH_CLIENT_ID: clientId, BANDWIDTH_CLIENT_SECRET: clientSecret } = values;
  const { BANDWIDTH_USERNAME: username, BANDWIDTH_PASSWORD: password } = values;
  if (clientId !== undefined && clientSecret !== undefined) {
    return { kind: 'oauth', clientId, clientSecret, tokenUrl: values.BANDWIDTH_TOKEN_URL ?? hosts[environment].token };
  }
  if (clientId !== undefined || clientSecret !== undefined) {
    const missing = clientId === undefined ? 'BANDWIDTH_CLIENT_ID' : 'BANDWIDTH_CLIENT_SECRET';
    problems.push(
      `${missing} is missing: client credentials need both an ID and a secret (or put the value in a file and set ${missing}_FILE)`,
    );
    return undefined;
  }
  if (username !== undefined && password !== undefined) return { kind: 'basic', username, password };
  if (username !== undefined || password !== undefined) {
    const missing = username === undefined ? 'BANDWIDTH_USERNAME' : 'BANDWIDTH_PASSWORD';
    problems.push(`${missing} is missing: Basic authentication needs both a user name and a password`);
    return undefined;
  }
  problems.push(
    'BANDWIDTH_CLIENT_ID and BANDWIDTH_CLIENT_SECRET are missing: create OAuth client credentials in the Bandwidth App ' +
      '(BANDWIDTH_USERNAME and BANDWIDTH_PASSWORD of an API user also work until Bandwidth retires them)',
  );
  return undefined;
}

function collect<T>(result: z.ZodSafeParseResult<T>, problems: string[]): T | undefined {
  if (result.success) return result.data;
  for (const issue of result.error.issues) problems.push(`${issue.path.join('.')} ${issue.message}`);
  return undefined;
}

/** The host and port of `127.0.0.1:9464`, `[::1]:9464` or `name:9464`; undefined for anything else. */
function parseAddress(text: string): { host: string; port: number } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
}

function httpSettings(text: string | undefined, hosts: readonly string[]): HttpSettings | undefined {
  const address = parseAddress(text ?? defaultHttp);
  return address && { ...address, isDefault: text === undefined, hosts };
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Never quotes the value: it contains a password. */
function databaseUrlProblem(text: string): string | undefined {
  const form = 'postgresql://user:password@host:5432/database';
  if (!/^postgres(ql)?:\/\//.test(text)) return `must have the form ${form}`;
  try {
    const { host } = parseConnectionString(text);
    return host === null || host === '' ? `has no host; it must have the form ${form}` : undefined;
  } catch {
    return `cannot be parsed; it must have the form ${form}, with special characters in the password percent-encoded`;
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function secretsOf(values: Values): string[] {
  const secrets = [values.BANDWIDTH_CLIENT_SECRET, values.BANDWIDTH_PASSWORD];
  for (const url of [values.DATABASE_URL, values.TN_LEDGER_READ_URL]) {
    try {
      if (url !== undefined) secrets.push(parseConnectionString(url).password);
    } catch {
      // databaseUrlProblem reports a malformed URL without quoting it, so it never reaches a log.
    }
  }
  for (const url of [values.TN_LEDGER_ALERT_WEBHOOK, values.TN_LEDGER_ALERT_SMTP_URL, values.TN_LEDGER_PING_URL]) {
    if (url !== undefined && URL.canParse(url)) secrets.push(url, ...secretParts(new URL(url)));
  }
  return secrets.filter((secret): secret is string => secret !== undefined && secret !== '');
}

/** The parts of a secret URL that are secret by themselves. A short path, such as /alerts, is an ordinary word. */
function secretParts({ pathname, search, password }: URL): string[] {
  const path = pathname.replace(/\/+$/, '');
  return [path.length < 16 ? '' : path, search.length < 16 ? '' : search, safelyDecoded(password)];
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
