import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { messageOf } from './errors.js';
import { nearestName } from './nearest.js';
import { isAccountId, isBillingType, isOcn, wholeNumberText } from './setting-rules.js';
import { type EntryPath, missingOr, printPath, readSettingsFile } from './settings-file.js';
import { scheduleProblem } from './timetable.js';

/** The file named by TN_LEDGER_ACCOUNTS_FILE, without the values of its secrets. */
export interface AccountsFile {
  accounts: readonly FileAccount[];
  credentials: ReadonlyMap<string, FileCredentials>;
  /** The variables that hold secrets. */
  secretVariables: ReadonlySet<string>;
  /** Cron expressions by name. */
  schedules: ReadonlyMap<string, string>;
  /** Companies that file, by OCN. */
  companies: ReadonlyMap<string, Company>;
  /** The problem of an entry, with the file and line. */
  problemAt(path: readonly (string | number)[], message: string): string;
  /** Reads a secret; relative files are relative to the accounts file. */
  readSecret(source: SecretSource, variables: Readonly<Record<string, string | undefined>>): string | SecretProblem;
}

export interface FileAccount {
  id: string;
  label: string | undefined;
  /** Name of the credentials; undefined: those of the variables. */
  credentials: string | undefined;
  requestsPerMinute: number | undefined;
  concurrency: number | undefined;
  billingTypes: readonly string[] | undefined;
  /** Operating company number under which its numbers are filed. */
  ocn: string | undefined;
  /** Name of the schedule; undefined: TN_LEDGER_SCHEDULE. */
  schedule: string | undefined;
}

/** A company that files under an OCN. */
export interface Company {
  /** Which parts of FCC Form 502 it files: `u4`, `u3`. */
  forms: readonly string[];
  /** Values of the company page, by the keys of the form data. */
  fields: Readonly<Record<string, string>>;
}

export type SecretSource = { file: string } | { variable: string };
export type FileCredentials =
  | { kind: 'oauth'; id: string; secret: SecretSource }
  | { kind: 'basic'; id: string; secret: SecretSource };

/** Why a secret can't be read. */
export interface SecretProblem {
  problem: string;
}

const text = z.string({ error: missingOr('must be text') }).min(1, { error: 'is empty' });

const secretHint = "must be {file: NAME} or {variable: NAME}: secrets don't belong in this file";
const secret = z.union([z.strictObject({ file: text }), z.strictObject({ variable: text })], {
  error: missingOr(secretHint),
});

const oauthKeys = ['client_id', 'client_secret'];
const basicKeys = ['username', 'password'];
const oauth = z
  .strictObject({ client_id: text, client_secret: secret })
  .transform((given): FileCredentials => ({ kind: 'oauth', id: given.client_id, secret: given.client_secret }));
const basic = z
  .strictObject({ username: text, password: secret })
  .transform((given): FileCredentials => ({ kind: 'basic', id: given.username, secret: given.password }));

const ocnHint = 'must be four digits or capital letters, such as 123A';

const company = z
  .object(
    {
      forms: z
        .array(z.enum(['u4', 'u3'], { error: 'must be u4 or u3' }), { error: 'must be a list, such as [u4]' })
        .min(1, { error: 'is empty' })
        .optional(),
    },
    { error: "must be a company: the values of the form's company page" },
  )
  .catchall(text)
  .transform(({ forms = ['u4'], ...fields }): Company => ({ forms, fields }));

const account = z
  .strictObject(
    {
      id: text.refine(isAccountId, { error: 'must be an account ID (letters, digits, dashes), such as 9900008' }),
      label: text
        .refine((label) => /^[^,\n]{1,60}$/.test(label), { error: 'must have at most 60 characters and no comma' })
        .optional(),
      credentials: text.optional(),
      requests_per_minute: wholeNumberText('100').optional(),
      concurrency: wholeNumberText('4').optional(),
      billing_types: z
        .array(text.refine(isBillingType, { error: 'must be a report type, such as BDR' }), {
          error: 'must be a list, such as [BDR, MDR] (empty: none)',
        })
        .optional(),
      ocn: text.refine(isOcn, { error: ocnHint }).optional(),
      schedule: text.optional(),
    },
    { error: 'must be an account: id, and what differs from the other accounts' },
  )
  .transform(
    (given): FileAccount => ({
      id: given.id,
      label: given.label,
      credentials: given.credentials,
      requestsPerMinute: given.requests_per_minute,
      concurrency: given.concurrency,
      billingTypes: given.billing_types,
      ocn: given.ocn,
      schedule: given.schedule,
    }),
  );

const schema = z.strictObject(
  {
    credentials: z.record(z.string(), z.unknown(), { error: 'must be a set of named credentials' }).optional(),
    schedules: z
      .record(
        z.string(),
        text.superRefine((expression, context) => {
          const problem = scheduleProblem(expression);
          if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
        }),
        { error: 'must be a set of named cron expressions' },
      )
      .optional(),
    companies: z
      .record(z.string(), company, { error: 'must be a set of companies by OCN' })
      .superRefine((companies, context) => {
        for (const ocn of Object.keys(companies).filter((each) => !isOcn(each)))
          context.addIssue({ code: 'custom', path: [ocn], message: `is not an OCN: it ${ocnHint}` });
      })
      .optional(),
    accounts: z.array(account, { error: missingOr('must be a list of accounts') }).min(1, { error: 'is empty' }),
  },
  { error: 'must have a list of accounts' },
);

const knownKeys = {
  file: ['accounts', 'companies', 'credentials', 'schedules'],
  account: ['id', 'label', 'credentials', 'requests_per_minute', 'concurrency', 'billing_types', 'ocn', 'schedule'],
  credentials: [...oauthKeys, ...basicKeys],
  secret: ['file', 'variable'],
};

/**
 * Reads and validates the accounts file, YAML or JSON. Every problem names the file and the line of its entry, and none
 * quotes a value that may be a secret.
 *
 * @returns undefined if there were problems
 */
export function readAccountsFile(name: string, cwd: string, problems: string[]): AccountsFile | undefined {
  const path = resolve(cwd, name);
  const before = problems.length;
  const settings = readSettingsFile({ path, name, setting: 'TN_LEDGER_ACCOUNTS_FILE' }, problems);
  if (settings === undefined) return undefined;
  const { content, problemAt } = settings;
  const collect = <T>(result: z.ZodSafeParseResult<T>, prefix: EntryPath, known: readonly string[]) =>
    settings.collect(result, prefix, (entry) => {
      if (entry[0] === 'accounts') return knownKeys.account;
      return entry.length > 2 ? knownKeys.secret : known;
    });

  const parsed = collect(schema.safeParse(content), [], knownKeys.file);
  const credentials = new Map<string, FileCredentials>();
  for (const [set, given] of Object.entries(parsed?.credentials ?? {})) {
    const keys = Object.keys(Object(given));
    const kind = keys.some((key) => basicKeys.includes(key)) && !keys.includes('client_id') ? basic : oauth;
    const value = collect<FileCredentials>(kind.safeParse(given), ['credentials', set], knownKeys.credentials);
    if (value !== undefined) credentials.set(set, value);
  }
  const seen = new Map<string, string>();
  for (const [index, { id, label, credentials: set, schedule }] of (parsed?.accounts ?? []).entries()) {
    const entry = ['accounts', index];
    for (const [key, value] of [
      ['id', id],
      ['label', label],
    ] as const) {
      if (value === undefined || (key === 'label' && value === id)) continue;
      const other = seen.get(value);
      if (other !== undefined) problems.push(problemAt([...entry, key], `is the same as ${other}`));
      seen.set(value, printPath([...entry, key]));
    }
    for (const [key, name, given] of [
      ['credentials', set, parsed?.credentials],
      ['schedule', schedule, parsed?.schedules],
    ] as const) {
      const names = Object.keys(given ?? {});
      if (name === undefined || names.includes(name)) continue;
      const nearest = nearestName(names, name);
      const suggestion = nearest === undefined ? '' : `; did you mean ${nearest}?`;
      problems.push(problemAt([...entry, key], `names no ${key} of this file${suggestion}`));
    }
  }
  if (parsed === undefined || problems.length > before) return undefined;
  return {
    accounts: parsed.accounts,
    credentials,
    secretVariables: new Set(
      [...credentials.values()].flatMap(({ secret: from }) => ('variable' in from ? from.variable : [])),
    ),
    schedules: new Map(Object.entries(parsed.schedules ?? {})),
    companies: new Map(Object.entries(parsed.companies ?? {})),
    problemAt,
    readSecret: (from, variables) => readSecret(from, dirname(path), variables),
  };
}

function readSecret(
  source: SecretSource,
  folder: string,
  variables: Readonly<Record<string, string | undefined>>,
): string | SecretProblem {
  if ('variable' in source) {
    const value = variables[source.variable]?.trim() ?? '';
    return value === '' ? { problem: `names the variable ${source.variable}, which is not set` } : value;
  }
  try {
    const value = readFileSync(resolve(folder, source.file), 'utf8').trim();
    return value === '' ? { problem: `names an empty file: ${source.file}` } : value;
  } catch (error) {
    return { problem: `names a file that cannot be read (${messageOf(error)})` };
  }
}
