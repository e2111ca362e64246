import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ConfigError, knownVariables, loadConfig } from '../src/config.js';

function makeFolder(t: ExecutionContext, files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'tn-ledger-config-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const good = { BANDWIDTH_ACCOUNT_ID: '9900008', BANDWIDTH_CLIENT_ID: 'id', BANDWIDTH_CLIENT_SECRET: 'the-secret' };

function problemsOf(t: ExecutionContext, env: Record<string, string>, cwd = makeFolder(t)): readonly string[] {
  const error = t.throws(() => loadConfig({ env, cwd, needsApi: true }), { instanceOf: ConfigError });
  t.is(error?.exitStatus, 2);
  return error?.problems ?? [];
}

test('with an account and client credentials, everything else has its documented default', (t) => {
  const cwd = makeFolder(t);
  t.deepEqual(loadConfig({ env: good, cwd, needsApi: true }), {
    accounts: ['9900008'],
    accountSettings: new Map(),
    databaseUrl: undefined,
    readUrl: undefined,
    dataDir: join(cwd, 'data'),
    inboxUsers: [],
    fileMode: 0o600,
    schedule: '0 2 * * *',
    timezone: 'America/New_York',
    jobLimits: {
      nightLimitMs: 4 * 3_600_000,
      requestsPerNight: undefined,
      numberHistoriesPerNight: 25,
      jobDeadlineMs: 86_400_000,
      maxListEntries: 10_000_000,
      minPageFill: 0.01,
    },
    concurrentAccounts: 8,
    lockTimeoutMs: 900_000,
    billing: {
      types: ['BDR'],
      keepArchivesDays: 400,
      limits: { entries: 100, ratio: 200, uncompressedBytes: 200e9 },
      download: { bytesPerSecond: 10_000, extraMs: 900_000 },
    },
    assignmentReport: 'weekly',
    backups: { folder: undefined, keep: 7 },
    formFile: undefined,
    companies: new Map(),
    keepRunsDays: 400,
    keepReportsDays: 400,
    keepNotes: false,
    keepBillingDays: undefined,
    maxShrink: 0.2,
    http: { host: '127.0.0.1', port: 9464, isDefault: true, hosts: [] },
    metricsFile: undefined,
    logLevel: 'info',
    logFormat: undefined,
    alerts: { webhook: undefined, email: undefined, pingUrl: undefined },
    api: {
      credentials: {
        kind: 'oauth',
        clientId: 'id',
        clientSecret: 'the-secret',
        tokenUrl: 'https://api.bandwidth.com/api/v1/oauth2/token',
      },
      apiUrl: 'https://api.bandwidth.com/api',
      requestsPerMinute: 100,
      concurrency: 4,
      maxClockDifferenceMs: 600_000,
      requestTimeoutMs: 300_000,
      maxBodyBytes: 16_000_000,
    },
    secrets: ['the-secret'],
    warnings: [],
    unknownVariables: [],
  });
});

test('one error lists every missing or invalid variable and quotes no secret', (t) => {
  const env = {
    BANDWIDTH_CLIENT_SECRET: 'the-secret',
    BANDWIDTH_API_URL: 'htps://api.bandwidth.com/api',
    BANDWIDTH_TOKEN_URL: 'http://api.bandwidth.com/token',
    BANDWIDTH_REQUESTS_PER_MINUTE: 'many',
    BANDWIDTH_CONCURRENCY: '0',
    TN_LEDGER_NIGHT_LIMIT: 'long',
    DATABASE_URL: 'mysql://user:database-secret@host/db',
    TN_LEDGER_SCHEDULE: 'nightly',
    TN_LEDGER_TIMEZONE: 'Mars/Olympus',
    TN_LEDGER_BILLING_TYPES: 'bdr',
    TN_LEDGER_ASSIGNMENT_REPORT: 'daily',
    TN_LEDGER_MAX_SHRINK: '101',
    TN_LEDGER_LOG_LEVEL: 'loud',
    TN_LEDGER_LOG_FORMAT: 'xml',
  };
  const cwd = makeFolder(t);
  const error = t.throws(() => loadConfig({ env, cwd, needsApi: true }), { instanceOf: ConfigError });
  const named = (error?.problems ?? []).map((problem) => problem.split(' ')[0]);
  const wrong = Object.keys(env).filter((name) => name !== 'BANDWIDTH_CLIENT_SECRET');
  t.deepEqual([...named].sort(), [...wrong, 'BANDWIDTH_ACCOUNT_ID', 'BANDWIDTH_CLIENT_ID'].sort());
  for (const problem of error?.problems ?? []) t.true(error?.message.includes(problem));
  t.notRegex(`${error?.message} ${error?.hint}`, /the-secret|database-secret/);
});

test('values are read from .env, and environment variables override them', (t) => {
  const cwd = makeFolder(t, {
    '.env': 'BANDWIDTH_ACCOUNT_ID=1\nBANDWIDTH_CLIENT_ID=from-file\nBANDWIDTH_CLIENT_SECRET="s p a c e"\n# comment\n',
  });
  const { accounts, api } = loadConfig({ env: { BANDWIDTH_ACCOUNT_ID: '2' }, cwd, needsApi: true });
  t.deepEqual(accounts, ['2']);
  t.like(api.credentials, { clientId: 'from-file', clientSecret: 's p a c e' });
});

test('a _FILE variable reads a secret from a file and strips the trailing newline', (t) => {
  const cwd = makeFolder(t, { secret: 'from-a-file\n', url: 'postgresql://u:pass-in-file@h/d\n' });
  const { BANDWIDTH_CLIENT_SECRET: _, ...rest } = good;
  const env = { ...rest, BANDWIDTH_CLIENT_SECRET_FILE: 'secret', DATABASE_URL_FILE: join(cwd, 'url') };
  const config = loadConfig({ env, cwd, needsApi: true });
  t.like(config.api.credentials, { clientSecret: 'from-a-file' });
  t.is(config.databaseUrl, 'postgresql://u:pass-in-file@h/d');
  t.deepEqual(config.secrets, ['from-a-file', 'pass-in-file']);
});

test('a secret file that is missing, empty, or set along with its variable is reported once, by name', (t) => {
  const cwd = makeFolder(t, { empty: '\n', secret: 'x' });
  const base = { BANDWIDTH_ACCOUNT_ID: '1', BANDWIDTH_CLIENT_ID: 'id' };
  const problems = (env: Record<string, string>) => problemsOf(t, { ...base, ...env }, cwd);
  t.regex(
    problems({ BANDWIDTH_CLIENT_SECRET_FILE: 'nowhere' }).join('\n'),
    /^BANDWIDTH_CLIENT_SECRET_FILE .*ENOENT[^\n]*$/,
  );
  t.regex(problems({ BANDWIDTH_CLIENT_SECRET_FILE: 'empty' }).join('\n'), /^BANDWIDTH_CLIENT_SECRET_FILE .*empty/);
  t.deepEqual(problems({ BANDWIDTH_CLIENT_SECRET_FILE: 'secret', BANDWIDTH_CLIENT_SECRET: 'y' }), [
    'BANDWIDTH_CLIENT_SECRET and BANDWIDTH_CLIENT_SECRET_FILE are both set: remove one of them',
  ]);
});

test('an unreadable .env is reported', (t) => {
  const cwd = makeFolder(t);
  mkdirSync(join(cwd, '.env'));
  t.regex(problemsOf(t, good, cwd).join('\n'), /^\.env cannot be read \([^\n]*EISDIR[^\n]*$/);
});

test('billing types: several, none when empty, BDR when unset', (t) => {
  const cwd = makeFolder(t);
  const types = (env: Record<string, string>) => loadConfig({ env, cwd, needsApi: false }).billing.types;
  t.deepEqual(types({}), ['BDR']);
  t.deepEqual(types({ TN_LEDGER_BILLING_TYPES: '' }), []);
  t.deepEqual(types({ TN_LEDGER_BILLING_TYPES: 'BDR, MDR' }), ['BDR', 'MDR']);
});

test('Basic credentials use the older URL, with a warning that Bandwidth is retiring them', (t) => {
  const cwd = makeFolder(t);
  const env = { BANDWIDTH_ACCOUNT_ID: '1', BANDWIDTH_USERNAME: 'me', BANDWIDTH_PASSWORD: 'my-password' };
  const { api, warnings, secrets } = loadConfig({ env, cwd, needsApi: true });
  t.is(api.apiUrl, 'https://dashboard.bandwidth.com/api');
  t.deepEqual(api.credentials, { kind: 'basic', username: 'me', password: 'my-password' });
  t.deepEqual(secrets, ['my-password']);
  t.is(warnings.length, 1);
  t.regex(warnings[0] ?? '', /which Bandwidth is retiring.*BANDWIDTH_CLIENT_ID/);
  t.notRegex(warnings[0] ?? '', /my-password/);
});

test('client credentials take precedence over Basic credentials, with a warning', (t) => {
  const cwd = makeFolder(t);
  const env = { ...good, BANDWIDTH_USERNAME: 'me', BANDWIDTH_PASSWORD: 'my-password' };
  const { api, warnings, secrets } = loadConfig({ env, cwd, needsApi: true });
  t.is(api.credentials.kind, 'oauth');
  t.regex(warnings.join('\n'), /using the client credentials/);
  t.deepEqual(secrets, ['the-secret', 'my-password']);
});

test('an incomplete pair of credentials is reported by its missing variable', (t) => {
  const half = (env: Record<string, string>) => problemsOf(t, { BANDWIDTH_ACCOUNT_ID: '1', ...env })[0];
  t.regex(half({ BANDWIDTH_CLIENT_ID: 'x' }) ?? '', /^BANDWIDTH_CLIENT_SECRET is missing/);
  t.regex(half({ BANDWIDTH_CLIENT_SECRET: 'x' }) ?? '', /^BANDWIDTH_CLIENT_ID is missing/);
  t.regex(half({ BANDWIDTH_USERNAME: 'x' }) ?? '', /^BANDWIDTH_PASSWORD is missing/);
  t.regex(half({ BANDWIDTH_PASSWORD: 'x' }) ?? '', /^BANDWIDTH_USERNAME is missing/);
  t.regex(half({}) ?? '', /^BANDWIDTH_CLIENT_ID and BANDWIDTH_CLIENT_SECRET are missing/);
});

test('the API URL must use https except for loopback, be the full base URL, and contain no credentials', (t) => {
  const cwd = makeFolder(t);
  const accepted = (url: string) =>
    loadConfig({ env: { ...good, BANDWIDTH_API_URL: url }, cwd, needsApi: true }).api.apiUrl;
  t.is(accepted('https://example.com/base/api/'), 'https://example.com/base/api');
  t.is(accepted('https://example.com/api/v1'), 'https://example.com/api/v1');
  t.is(accepted('https://example.com/api/v2/'), 'https://example.com/api/v2');
  t.is(accepted('http://127.0.0.1:8099/api'), 'http://127.0.0.1:8099/api');
  t.is(accepted('http://localhost/api'), 'http://localhost/api');
  t.is(accepted('http://[::1]/api'), 'http://[::1]/api');
  const refused = (url: string) => problemsOf(t, { ...good, BANDWIDTH_API_URL: url }).join('\n');
  t.regex(refused('http://127.0.0.1.example.com/api'), /^BANDWIDTH_API_URL would send the credentials over plain http/);
  t.regex(refused('htps://example.com/api'), /^BANDWIDTH_API_URL must start with https:, not htps:$/);
  t.regex(refused('example.com/api'), /^BANDWIDTH_API_URL must /);
  t.regex(refused('https://example.com'), /^BANDWIDTH_API_URL must be a base URL that ends in \/api/);
  t.regex(refused('https://example.com/api/v3'), /^BANDWIDTH_API_URL must be a base URL that ends in \/api/);
  t.regex(refused('https://me:url-secret@example.com/api'), /^BANDWIDTH_API_URL must not contain credentials/);
  t.notRegex(refused('https://me:url-secret@example.com/api'), /url-secret/);
  t.regex(refused('https://example.com/api?x=1'), /^BANDWIDTH_API_URL must not contain a query/);
});

test('accounts are comma-separated, and duplicates are dropped', (t) => {
  const cwd = makeFolder(t);
  const { accounts } = loadConfig({ env: { ...good, BANDWIDTH_ACCOUNT_ID: ' 2, 1,2 ' }, cwd, needsApi: true });
  t.deepEqual(accounts, ['2', '1']);
  t.regex(problemsOf(t, { ...good, BANDWIDTH_ACCOUNT_ID: ', ,' })[0] ?? '', /^BANDWIDTH_ACCOUNT_ID is empty/);
  t.regex(problemsOf(t, { ...good, BANDWIDTH_ACCOUNT_ID: '1/../2' })[0] ?? '', /^BANDWIDTH_ACCOUNT_ID must be/);
});

test('a command that does not use the API requires no account and no credentials', (t) => {
  t.is(loadConfig({ env: {}, cwd: makeFolder(t), needsApi: false }).api, undefined);
});

test('a database URL that is malformed or has no host is reported without its password', (t) => {
  for (const url of ['postgresql:///db', 'postgresql://u:db-secret@[broken/db', 'host=x password=db-secret']) {
    for (const name of ['DATABASE_URL', 'TN_LEDGER_READ_URL']) {
      const problems = problemsOf(t, { ...good, [name]: url }).join('\n');
      t.regex(problems, new RegExp(`^${name} [^\\n]*postgresql://user:password@host`));
      t.notRegex(problems, /db-secret/);
    }
  }
});

test('for a command that does not use the API, accounts are optional and validated', (t) => {
  const cwd = makeFolder(t);
  const load = (env: Record<string, string>) => loadConfig({ env, cwd, needsApi: false });
  t.deepEqual(load({}).accounts, []);
  t.deepEqual(load({ BANDWIDTH_ACCOUNT_ID: ' 9900008, 9900009' }).accounts, ['9900008', '9900009']);
  t.throws(() => load({ BANDWIDTH_ACCOUNT_ID: 'a b' }), { message: /BANDWIDTH_ACCOUNT_ID must be account IDs/ });
});

test('BANDWIDTH_ENVIRONMENT=test selects Bandwidth’s test hosts unless URLs are set', (t) => {
  const cwd = makeFolder(t);
  const load = (env: Record<string, string>) =>
    loadConfig({ env: { BANDWIDTH_ENVIRONMENT: 'test', ...env }, cwd, needsApi: true }).api;
  t.like(load(good), {
    apiUrl: 'https://test.api.bandwidth.com/api/v2',
    credentials: { tokenUrl: 'https://test.api.bandwidth.com/api/v1/oauth2/token' },
  });
  const basic = { BANDWIDTH_ACCOUNT_ID: '1', BANDWIDTH_USERNAME: 'me', BANDWIDTH_PASSWORD: 'my-password' };
  t.is(load(basic).apiUrl, 'https://test.dashboard.bandwidth.com/api');
  const [apiUrl, tokenUrl] = ['https://example.com/api', 'https://example.com/token'];
  t.like(load({ ...good, BANDWIDTH_API_URL: apiUrl, BANDWIDTH_TOKEN_URL: tokenUrl }), {
    apiUrl,
    credentials: { tokenUrl },
  });
  t.like(load({ ...good, BANDWIDTH_ENVIRONMENT: 'production' }), { apiUrl: 'https://api.bandwidth.com/api' });
  t.regex(
    problemsOf(t, { ...good, BANDWIDTH_ENVIRONMENT: 'staging' }, cwd)[0] ?? '',
    /^BANDWIDTH_ENVIRONMENT must be production or test/,
  );
});

test('BANDWIDTH_ACCOUNT_ID is optional only with client credentials', (t) => {
  const { BANDWIDTH_ACCOUNT_ID: _, ...oauth } = good;
  t.deepEqual(loadConfig({ env: oauth, cwd: makeFolder(t), needsApi: true }).accounts, []);
  const basic = { BANDWIDTH_USERNAME: 'me', BANDWIDTH_PASSWORD: 'my-password' };
  t.regex(problemsOf(t, basic).join(), /^BANDWIDTH_ACCOUNT_ID is missing[^\n]*optional only with client credentials/);
});

test('a misspelled BANDWIDTH_ACCOUNT_ID is an error, even if the token lists accounts', (t) => {
  const { BANDWIDTH_ACCOUNT_ID: _, ...oauth } = good;
  for (const name of ['BANDWIDTH_ACCOUNT_IDS', 'BANDWIDTH_ACOUNT_ID', 'TN_LEDGER_ACCOUNT_ID']) {
    t.deepEqual(problemsOf(t, { ...oauth, [name]: '9900008' }), [
      `BANDWIDTH_ACCOUNT_ID is not set, but ${name} is: rename or remove it`,
    ]);
  }
});

test('unknown variables with our prefixes are listed with the closest known name', (t) => {
  const cwd = makeFolder(t, { '.env': 'TN_LEDGER_DATADIR=x\nOTHER=1\n' });
  const env = { ...good, BANDWIDTH_PROXY: 'x', TN_LEDGER_BILLING_TYPE: 'BDR', BANDWIDTH_API_URL_FILE: 'x' };
  t.deepEqual(loadConfig({ env, cwd, needsApi: false }).unknownVariables, [
    { name: 'BANDWIDTH_API_URL_FILE', nearest: 'BANDWIDTH_API_URL' },
    { name: 'BANDWIDTH_PROXY', nearest: undefined },
    { name: 'TN_LEDGER_BILLING_TYPE', nearest: 'TN_LEDGER_BILLING_TYPES' },
    { name: 'TN_LEDGER_DATADIR', nearest: 'TN_LEDGER_DATA_DIR' },
  ]);
});

test('.env.example lists every variable and no other', (t) => {
  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  const named = [...text.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name ?? '');
  t.deepEqual([...named].sort(), [...knownVariables].sort());
});

test('alerts: the URLs are secrets, and the sender is the mail user or this host', (t) => {
  const cwd = makeFolder(t, { hook: 'https://hooks.example.com/services/T0/B0/long-secret?key=a-long-secret-key\n' });
  const env = {
    ...good,
    TN_LEDGER_ALERT_WEBHOOK_FILE: 'hook',
    TN_LEDGER_ALERT_FORMAT: 'json',
    TN_LEDGER_ALERT_SMTP_URL: 'smtps://ops%40example.com:p%40ss@mail.example.com',
    TN_LEDGER_ALERT_TO: 'a@example.com, b@example.com',
    TN_LEDGER_PING_URL: 'http://127.0.0.1:8000/ping/0123456789abcdef/',
  };
  const { alerts, secrets } = loadConfig({ env, cwd, needsApi: false });
  const url = 'https://hooks.example.com/services/T0/B0/long-secret?key=a-long-secret-key';
  t.deepEqual(alerts, {
    webhook: { url, format: 'json' },
    email: { smtpUrl: env.TN_LEDGER_ALERT_SMTP_URL, from: 'ops@example.com', to: ['a@example.com', 'b@example.com'] },
    pingUrl: 'http://127.0.0.1:8000/ping/0123456789abcdef',
  });
  for (const secret of [
    url,
    '/services/T0/B0/long-secret',
    '?key=a-long-secret-key',
    'p@ss',
    '/ping/0123456789abcdef',
  ]) {
    t.true(secrets.includes(secret), secret);
  }
  const relay = { ...env, TN_LEDGER_ALERT_SMTP_URL: 'smtp://mail.example.com:25' };
  t.is(loadConfig({ env: relay, cwd, needsApi: false }).alerts.email?.from, `tn-ledger@${hostname()}`);
});

test('URLs for alerts that would be sent in plain text, and half of the mail settings, are errors that quote nothing', (t) => {
  const problems = problemsOf(t, {
    ...good,
    TN_LEDGER_ALERT_WEBHOOK: 'http://hooks.example.com/secret',
    TN_LEDGER_PING_URL: 'secret',
    TN_LEDGER_ALERT_SMTP_URL: 'https://user:secret@host',
    TN_LEDGER_ALERT_TO: 'nobody',
  });
  t.deepEqual(problems, [
    'TN_LEDGER_ALERT_WEBHOOK must start with https: (http: is allowed for loopback addresses only)',
    'TN_LEDGER_ALERT_SMTP_URL must start with smtps: or smtp:, such as smtps://user:password@host:465',
    'TN_LEDGER_ALERT_TO must be mail addresses separated by commas, such as ops@example.com',
    'TN_LEDGER_PING_URL must be a URL such as https://hc-ping.com/…',
  ]);
  t.deepEqual(problemsOf(t, { ...good, TN_LEDGER_ALERT_SMTP_URL: 'smtps://host' }), [
    'TN_LEDGER_ALERT_TO is missing: set it to the mail addresses that get alerts',
  ]);
  t.deepEqual(problemsOf(t, { ...good, TN_LEDGER_ALERT_TO: 'a@example.com' }), [
    'TN_LEDGER_ALERT_SMTP_URL is missing: set it to the mail server that sends alerts',
  ]);
});
