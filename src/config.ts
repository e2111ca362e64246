import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { parse as parseConnectionString } from 'pg-connection-string';
import { z } from 'zod';
import { messageOf, UsageError } from './errors.js';
import { nearestName } from './nearest.js';
import { scheduleProblem } from './schedule/timetable.js';

export type Credentials =
  | { kind: 'oauth'; clientId: string; clientSecret: string; tokenUrl: string }
  | { kind: 'basic'; username: string; password: string };

export interface ApiConfig {
  credentials: Credentials;
  /** Up to and including `/api`, `/api/v1` or `/api/v2`, no trailing slash. */
  apiUrl: string;
  /** Ceiling of requests per account in any minute. */
  requestsPerMinute: number;
  /** Requests in flight per account. */
  concurrency: number;
  /** Milliseconds by which this machine's clock may differ from the API's. */
  maxClockDifferenceMs: number;
}

/** What an archive of a billing report may be, against archives that are made to fill memory and disks. */
export interface ArchiveLimits {
  entries: number;
  /** Uncompressed bytes to each compressed one. */
  ratio: number;
  /** Bytes of all its files, uncompressed. */
  uncompressedBytes: number;
}

export interface Config {
  /** Undefined: the embedded PostgreSQL below `dataDir`. */
  databaseUrl: string | undefined;
  /** Absolute path of the data folder. */
  dataDir: string;
  /** Users, by name or number, whose files are taken from the inbox beside the service's own and root's. */
  inboxUsers: string[];
  /** Mode of the files that tn-ledger writes; folders get the right to enter them, too. */
  fileMode: number;
  schedule: string;
  timezone: string;
  /** Milliseconds that a night may go on filling in order details. */
  nightLimitMs: number;
  billingTypes: string[];
  /** Days that archives of billing reports are kept. */
  keepArchivesDays: number;
  archiveLimits: ArchiveLimits;
  /** Share (0..1) of an account's numbers that a snapshot may close without being asked. */
  maxShrink: number;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Undefined: pretty on a terminal, json elsewhere. */
  logFormat: 'pretty' | 'json' | undefined;
  /**
   * Accounts in BANDWIDTH_ACCOUNT_ID, in the order given, without repeats. None: it isn't set; a command that uses the API then
   * works on those that the access token names.
   */
  accounts: string[];
  /** Undefined only where the caller did not ask for the API. */
  api: ApiConfig | undefined;
  /** Values that must never be shown, for the redactor. */
  secrets: string[];
  /** What deserves a word though nothing is wrong. */
  warnings: string[];
  /** Variables that are set, look like ours and are not. */
  unknownVariables: UnknownVariable[];
}

export interface UnknownVariable {
  name: string;
  /** The variable that was probably meant. */
  nearest: string | undefined;
}

export interface ConfigSource {
  /** The process's environment. */
  env: Readonly<Record<string, string | undefined>>;
  /** The working folder: where `.env` is, and what relative paths are relative to. */
  cwd: string;
  /** Whether the command talks to the Dashboard API, so that account and credentials are required. */
  needsApi: boolean;
}

/** The variable in a sentence. */
export function describeUnknown({ name, nearest }: UnknownVariable): string {
  return `${name} is set and has no effect${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}

/** The configuration is missing something or something in it is wrong; the message lists every such variable. */
export class ConfigError extends UsageError {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    const count = problems.length === 1 ? 'one thing' : `${problems.length} things`;
    super(
      `The configuration needs ${count} mended before anything can start:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
      {
        hint: 'Set them in the environment or in a .env file in the working folder (.env.example lists them all), then run `tn-ledger check`.',
      },
    );
  }
}

/** Bandwidth's hosts. Those of its test environment are the ones in its command-line client and its API documentation. */
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

/** Variables that may come from a file named by `<NAME>_FILE` instead, as container platforms hand secrets out. */
const fileVariables = [
  'BANDWIDTH_CLIENT_ID',
  'BANDWIDTH_CLIENT_SECRET',
  'BANDWIDTH_USERNAME',
  'BANDWIDTH_PASSWORD',
  'DATABASE_URL',
] as const;

const durationUnits = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const optional = (schema: z.ZodType<string>) => schema.optional();

const wholeNumber = (fallback: number, example: string) =>
  z
    .string()
    .default(String(fallback))
    .refine((text) => /^[1-9]\d{0,8}$/.test(text), {
      error: `must be a whole number of at least 1, such as ${example}`,
    })
    .transform(Number);

/** Whether a text can be an account's id. */
export function isAccountId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,40}$/.test(text);
}

const accountIds = z
  .string()
  .transform((text) => [...new Set(splitList(text))])
  .refine((ids) => ids.length > 0, {
    error: 'is empty: the id of your Bandwidth account, or several separated by commas',
  })
  .refine((ids) => ids.every(isAccountId), {
    error: 'must be account ids (letters, digits, dashes) separated by commas, such as 9900008,9900009',
  });

const duration = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .refine((text) => parseDuration(text) !== undefined, { error: 'must be a duration such as 4h, 90m or 30s' })
    .transform((text) => parseDuration(text) as number);

/** Milliseconds of a duration such as `4h`, `90m`, `30s` or `1.5d`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!/^\d+(\.\d+)?[smhd]$/.test(text)) return undefined;
  return Number.parseFloat(text) * durationUnits[text.slice(-1) as keyof typeof durationUnits];
}

const sizeUnits = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 } as const;

/** A size in bytes. */
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
  const problem = urlProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

const apiUrl = secureUrl
  .transform((text) => text.replace(/\/+$/, ''))
  .refine((text) => !URL.canParse(text) || /\/api(?:\/v[12])?$/.test(new URL(text).pathname), {
    error: `must be the base address up to and including /api, /api/v1 or /api/v2, such as ${hosts.production.oauth}`,
  });

const variables = z.object({
  DATABASE_URL: optional(
    z.string().superRefine((text, context) => {
      const problem = databaseUrlProblem(text);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    }),
  ),
  TN_LEDGER_DATA_DIR: z.string().default('./data'),
  TN_LEDGER_INBOX_USERS: z
    .string()
    .default('')
    .transform(splitList)
    .refine((users) => users.every((user) => /^[A-Za-z0-9_.][A-Za-z0-9_.@-]*\$?$/.test(user)), {
      error: 'must be names or numbers of users separated by commas, such as sftp,1001',
    }),
  TN_LEDGER_FILE_MODE: z
    .string()
    .default('0600')
    .refine((text) => /^0?6[046][04]$/.test(text), { error: 'must be a file mode such as 0600, 0640 or 0644' })
    .transform((text) => Number.parseInt(text, 8)),
  TN_LEDGER_SCHEDULE: z
    .string()
    .default('0 2 * * *')
    .superRefine((text, context) => {
      const problem = scheduleProblem(text);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    }),
  TN_LEDGER_TIMEZONE: z
    .string()
    .default('America/New_York')
    .refine(isTimeZone, { error: 'must be a time zone of the IANA list, such as America/New_York or UTC' }),
  TN_LEDGER_NIGHT_LIMIT: duration('4h'),
  TN_LEDGER_BILLING_TYPES: z
    .string()
    .default('BDR')
    .transform(splitList)
    .refine((types) => types.every((type) => /^[A-Z][A-Z0-9_]*$/.test(type)), {
      error: 'must be report types separated by commas, such as BDR,MDR (empty: none)',
    }),
  TN_LEDGER_KEEP_ARCHIVES: wholeNumber(400, '400 (days)'),
  TN_LEDGER_ARCHIVE_MAX_ENTRIES: wholeNumber(100, '100'),
  TN_LEDGER_ARCHIVE_MAX_RATIO: wholeNumber(200, '200'),
  TN_LEDGER_ARCHIVE_MAX_SIZE: size('200GB'),
  TN_LEDGER_MAX_SHRINK: z
    .string()
    .default('20')
    .refine((text) => /^\d+(\.\d+)?\s*%?$/.test(text) && Number.parseFloat(text) <= 100, {
      error: 'must be a percentage from 0 to 100, such as 20',
    })
    .transform((text) => Number.parseFloat(text) / 100),
  TN_LEDGER_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'], { error: 'must be debug, info, warn or error' })
    .default('info'),
  TN_LEDGER_LOG_FORMAT: z.enum(['pretty', 'json'], { error: 'must be pretty or json' }).optional(),
});

const apiVariables = z.object({
  BANDWIDTH_ACCOUNT_ID: accountIds.optional(),
  BANDWIDTH_ENVIRONMENT: z.enum(['production', 'test'], { error: 'must be production or test' }).default('production'),
  BANDWIDTH_CLIENT_ID: optional(z.string()),
  BANDWIDTH_CLIENT_SECRET: optional(z.string()),
  BANDWIDTH_USERNAME: optional(z.string()),
  BANDWIDTH_PASSWORD: optional(z.string()),
  BANDWIDTH_API_URL: optional(apiUrl),
  BANDWIDTH_TOKEN_URL: optional(secureUrl),
  BANDWIDTH_REQUESTS_PER_MINUTE: wholeNumber(100, '100'),
  BANDWIDTH_CONCURRENCY: wholeNumber(4, '4'),
  TN_LEDGER_MAX_CLOCK_DIFFERENCE: duration('10m'),
});

/** Every variable that is read; some secrets also come from `<NAME>_FILE`. */
export const knownVariables: readonly string[] = [...Object.keys(variables.shape), ...Object.keys(apiVariables.shape)];

/**
 * Reads and validates the whole configuration at once: real variables win over `.env`, `<NAME>_FILE` stands for a secret's
 * value. Throws a ConfigError that lists everything missing or wrong, by variable, never quoting a secret.
 */
export function loadConfig(source: ConfigSource & { needsApi: true }): Config & { api: ApiConfig };
export function loadConfig(source: ConfigSource): Config;
export function loadConfig(source: ConfigSource): Config {
  const problems: string[] = [];
  const given = { ...readDotenv(source.cwd, problems), ...source.env };
  const values = readValues(given, source.cwd, problems);
  const unknownVariables = findUnknown(given);
  const general = collect(variables.safeParse(values), problems);
  const api = source.needsApi ? readApi(values, unknownVariables, problems) : undefined;
  const accounts = api?.accounts ?? readAccounts(values, source.needsApi ? [] : problems);
  if (general === undefined || problems.length > 0) throw new ConfigError(problems);
  return {
    databaseUrl: general.DATABASE_URL,
    dataDir: resolve(source.cwd, general.TN_LEDGER_DATA_DIR),
    inboxUsers: general.TN_LEDGER_INBOX_USERS,
    fileMode: general.TN_LEDGER_FILE_MODE,
    schedule: general.TN_LEDGER_SCHEDULE,
    timezone: general.TN_LEDGER_TIMEZONE,
    nightLimitMs: general.TN_LEDGER_NIGHT_LIMIT,
    billingTypes: general.TN_LEDGER_BILLING_TYPES,
    keepArchivesDays: general.TN_LEDGER_KEEP_ARCHIVES,
    archiveLimits: {
      entries: general.TN_LEDGER_ARCHIVE_MAX_ENTRIES,
      ratio: general.TN_LEDGER_ARCHIVE_MAX_RATIO,
      uncompressedBytes: general.TN_LEDGER_ARCHIVE_MAX_SIZE,
    },
    maxShrink: general.TN_LEDGER_MAX_SHRINK,
    logLevel: general.TN_LEDGER_LOG_LEVEL,
    logFormat: general.TN_LEDGER_LOG_FORMAT,
    accounts,
    api: api?.config,
    secrets: secretsOf(values),
    warnings: api?.warnings ?? [],
    unknownVariables,
  };
}

type Values = Readonly<Record<string, string | undefined>>;

/** The variables as given, trimmed; an empty one counts as unset, save the billing types, where empty means none. */
function readValues(given: Values, cwd: string, problems: string[]): Values {
  const values: Record<string, string | undefined> = {};
  for (const name of knownVariables) {
    const value = given[name]?.trim();
    if (value !== undefined && (value !== '' || name === 'TN_LEDGER_BILLING_TYPES')) values[name] = value;
  }
  for (const name of fileVariables) {
    const file = given[`${name}_FILE`]?.trim();
    if (file === undefined || file === '') continue;
    if (values[name] !== undefined) {
      problems.push(`${name} and ${name}_FILE are both set: keep one of them`);
      continue;
    }
    try {
      values[name] = readFileSync(resolve(cwd, file), 'utf8').trim();
    } catch (error) {
      problems.push(`${name}_FILE names a file that cannot be read (${messageOf(error)})`);
      // The variable is not missing: it is not reported a second time.
      values[name] = 'unreadable';
      continue;
    }
    if (values[name] === '') problems.push(`${name}_FILE names an empty file: ${file}`);
  }
  return values;
}

const ownPrefix = /^(?:BANDWIDTH|TN_LEDGER)_/;

/** A misspelt variable has no effect, and nothing else would say so. */
function findUnknown(given: Values): UnknownVariable[] {
  const known = [...knownVariables, ...fileVariables.map((name) => `${name}_FILE`)];
  // The prefixes would make any two names look alike, and may be what is wrong.
  const withoutPrefix = (name: string) => name.replace(ownPrefix, '');
  const nearestOf = (name: string) => {
    const nearest = nearestName(known.map(withoutPrefix), withoutPrefix(name));
    return known.find((each) => withoutPrefix(each) === nearest);
  };
  return Object.keys(given)
    .filter((name) => ownPrefix.test(name) && !known.includes(name))
    .sort()
    .map((name) => ({ name, nearest: nearestOf(name) }));
}

function readDotenv(cwd: string, problems: string[]): Record<string, string> {
  try {
    return parseDotenv(readFileSync(resolve(cwd, '.env')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') problems.push(`.env cannot be read (${messageOf(error)})`);
    return {};
  }
}

/** For commands that do without the API: naming no account is fine, naming what can't be one is not. */
function readAccounts(values: Values, problems: string[]): string[] {
  if (values.BANDWIDTH_ACCOUNT_ID === undefined) return [];
  return (
    collect(apiVariables.pick({ BANDWIDTH_ACCOUNT_ID: true }).safeParse(values), problems)?.BANDWIDTH_ACCOUNT_ID ?? []
  );
}

function readApi(
  values: Values,
  unknown: readonly UnknownVariable[],
  problems: string[],
): { accounts: string[]; config: ApiConfig; warnings: string[] } | undefined {
  const before = problems.length;
  const parsed = collect(apiVariables.safeParse(values), problems);
  const credentials = chooseCredentials(values, parsed?.BANDWIDTH_ENVIRONMENT ?? 'production', problems);
  if (values.BANDWIDTH_ACCOUNT_ID === undefined) {
    const problem = missingAccountProblem(credentials, unknown);
    // It is the first thing to set, and the first to be listed.
    if (problem !== undefined) problems.splice(before, 0, problem);
  }
  if (parsed === undefined || credentials === undefined || problems.length > before) return undefined;
  const warnings: string[] = [];
  if (credentials.kind === 'basic') {
    warnings.push(
      'BANDWIDTH_USERNAME and BANDWIDTH_PASSWORD are Basic credentials of an API user, whose end Bandwidth has announced; ' +
        'create OAuth client credentials in the Bandwidth App and set BANDWIDTH_CLIENT_ID and BANDWIDTH_CLIENT_SECRET.',
    );
  } else if (values.BANDWIDTH_USERNAME !== undefined || values.BANDWIDTH_PASSWORD !== undefined) {
    warnings.push('Client credentials and a user name or password are both set; the client credentials are used.');
  }
  return {
    accounts: parsed.BANDWIDTH_ACCOUNT_ID ?? [],
    config: {
      credentials,
      apiUrl: parsed.BANDWIDTH_API_URL ?? hosts[parsed.BANDWIDTH_ENVIRONMENT][credentials.kind],
      requestsPerMinute: parsed.BANDWIDTH_REQUESTS_PER_MINUTE,
      concurrency: parsed.BANDWIDTH_CONCURRENCY,
      maxClockDifferenceMs: parsed.TN_LEDGER_MAX_CLOCK_DIFFERENCE,
    },
    warnings,
  };
}

/** With client credentials the token names the accounts; with a misspelt variable those are not the ones that were meant. */
function missingAccountProblem(
  credentials: Credentials | undefined,
  unknown: readonly UnknownVariable[],
): string | undefined {
  const misspelt = unknown.find(({ nearest }) => nearest === 'BANDWIDTH_ACCOUNT_ID');
  if (misspelt !== undefined) {
    return `BANDWIDTH_ACCOUNT_ID is not set, but ${misspelt.name} is: correct its name, or remove it`;
  }
  if (credentials?.kind === 'oauth') return undefined;
  return 'BANDWIDTH_ACCOUNT_ID is missing: the id of your Bandwidth account, or several separated by commas (only client credentials may do without)';
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
      `${missing} is missing: client credentials are a pair (or put the value in a file and set ${missing}_FILE)`,
    );
    return undefined;
  }
  if (username !== undefined && password !== undefined) return { kind: 'basic', username, password };
  if (username !== undefined || password !== undefined) {
    const missing = username === undefined ? 'BANDWIDTH_USERNAME' : 'BANDWIDTH_PASSWORD';
    problems.push(`${missing} is missing: user name and password are a pair`);
    return undefined;
  }
  problems.push(
    'BANDWIDTH_CLIENT_ID and BANDWIDTH_CLIENT_SECRET are missing: OAuth client credentials, created in the Bandwidth App ' +
      '(an API user’s BANDWIDTH_USERNAME and BANDWIDTH_PASSWORD work too, until Bandwidth ends them)',
  );
  return undefined;
}

function collect<T>(result: z.ZodSafeParseResult<T>, problems: string[]): T | undefined {
  if (result.success) return result.data;
  for (const issue of result.error.issues) problems.push(`${issue.path.join('.')} ${issue.message}`);
  return undefined;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return `must be a web address such as ${hosts.production.oauth}`;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'must not carry credentials: they have variables of their own';
  if (url.search !== '' || url.hash !== '') return 'must not carry a query or a fragment';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol !== 'http:') return `must begin with https:, not ${url.protocol}`;
  if (!isLoopback(url.hostname)) {
    return `would send the credentials over plain http to ${url.hostname}: use https (http is accepted for loopback addresses only)`;
  }
  return undefined;
}

/** Whether a URL's host name is this machine itself: plain http is accepted for nothing else. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** Never quotes the value: it holds a password. */
function databaseUrlProblem(text: string): string | undefined {
  const form = 'postgresql://user:password@host:5432/database';
  if (!/^postgres(ql)?:\/\//.test(text))
    return `must have the form ${form} (leave it unset for the embedded PostgreSQL)`;
  try {
    const { host } = parseConnectionString(text);
    return host === null || host === '' ? `names no host; it must have the form ${form}` : undefined;
  } catch {
    return `cannot be understood; it must have the form ${form}, with special characters of the password percent-encoded`;
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
  try {
    if (values.DATABASE_URL !== undefined) secrets.push(parseConnectionString(values.DATABASE_URL).password);
  } catch {
    // A DATABASE_URL that cannot be read is reported by its own check, unquoted; it never gets as far as a log.
  }
  return secrets.filter((secret): secret is string => secret !== undefined && secret !== '');
}
