import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type pg from 'pg';
import type { Company } from '../accounts-file.js';
import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import type { Day } from '../days.js';
import { LedgerError, UsageError } from '../errors.js';
import { capitalize } from '../format.js';
import { nearestName } from '../nearest.js';
import { beginFile, type OutputFile } from '../output-file.js';
import { shellWord } from '../shell-word.js';
import { audit } from './audit.js';
import type { Due } from './due.js';
import { describeGaps, withFileErrors } from './export.js';
import { type CompanyPage, companyCsv, type FileKind, fileContent } from './file-content.js';
import { type FilingParameters, readFilingRows } from './filing-rows.js';
import { findSame, type NewFiling, type PreparedFacts, storeFiling } from './filings.js';
import { type FilingRow, findForm } from './form.js';
import type { Form502 } from './form-data.js';
import { shortestAgingDays } from './limits.js';
import { readSyncGaps } from './sync-state.js';

/** The accounts that file together. */
export interface FilingGroup {
  ocn: string;
  /** Configured accounts and accounts of the ledger. */
  accounts: readonly string[];
  /** Undefined: the accounts file doesn't describe the company. */
  company: Company | undefined;
}

export interface PrepareOptions {
  due: Due;
  groups: readonly FilingGroup[];
  /** Accounts that have numbers in the ledger and no OCN in the configuration. */
  withoutOcn: readonly string[];
  /** Accounts that have numbers in the ledger. */
  known: readonly string[];
  data: Form502;
  kinds: readonly FileKind[];
  /** Folder of the files; created if it doesn't exist. */
  folder: string;
  /** Replace files that differ. */
  force: boolean;
  signal: AbortSignal;
}

export interface ChecklistItem {
  /** `open`: to be fixed before filing; `review`: to be looked at, and maybe right as it is. */
  level: 'open' | 'review';
  /** OCN or account that it concerns; null: all. */
  about: string | null;
  /** Stable name, such as `undeclared`. */
  id: string;
  text: string;
  /** How many numbers, rows or blocks; null if it isn't a count. */
  count: number | null;
  /** The command or setting that fixes it, or shows all of it. */
  fix: string;
}

export interface PreparedFiling {
  ocn: string;
  form: string;
  accounts: readonly string[];
  /** Number of the stored filing. */
  filing: string;
  /** Nothing changed since that filing was stored, so no other was. */
  same: boolean;
  file: string;
  sha256: string;
  rows: number;
  numbers: number;
}

export interface Prepared {
  filings: PreparedFiling[];
  /** Files with company pages, for CSV. */
  companyFiles: string[];
  checklist: ChecklistItem[];
}

interface NewFile {
  path: string;
  content: Buffer;
}

/**
 * Prepares the filings of a deadline: counts the numbers of each OCN, writes a file per OCN, form and kind, stores each as a filing unless
 * it equals the last one, and lists what is missing. If a file can't be written, nothing is stored; a file that can't be put in its place
 * after that is reported, and `filing export` writes it again.
 *
 * @throws {UsageError} a file exists with other content
 * @throws {LedgerError} there is nothing to file, or a file can't be written
 */
export async function prepareFilings(database: Database, options: PrepareOptions): Promise<Prepared> {
  const { signal, folder } = options;
  await withFileErrors(folder, () => mkdir(folder, { recursive: true }));
  const open: { file: OutputFile; path: string }[] = [];
  try {
    const prepared = await inTransaction(database, { snapshot: 'writable', signal }, async (client) => {
      // One snapshot for the counts, the audit and the time stored with them. Only one preparation at a time, so that each sees the
      // filings of the one before: the lock comes before the first query, which takes the snapshot.
      await client.query('lock table nruf_filings in share row exclusive mode');
      const result = await prepare(client, options);
      if (result.filings.length === 0) {
        throw new LedgerError(
          `No number counts at the end of ${options.due.asOf} (UTC) under any OCN, so there is nothing to file. Nothing was written.`,
          { hint: `tn-ledger audit --as-of ${options.due.asOf} lists the numbers that are left out, and why.` },
        );
      }
      const changed: NewFile[] = [];
      for (const file of [...result.filings, ...result.companyFiles])
        if (await isChanged(file, options.force)) changed.push(file);
      for (const { path, content } of changed) {
        const file = await withFileErrors(path, () => beginFile(path));
        open.push({ file, path });
        await withFileErrors(path, () => file.handle.writeFile(content));
      }
      // Last, so that a refused preparation leaves no gap in the numbers of filings.
      const filings: PreparedFiling[] = [];
      for (const draft of result.filings) filings.push(await store(client, draft));
      return { filings, companyFiles: result.companyFiles.map(({ path }) => path), checklist: result.checklist };
    });
    for (const { file, path } of open) await withFileErrors(path, () => file.finish({ replace: options.force }));
    return prepared;
  } finally {
    for (const { file } of open) await file.discard();
  }
}

async function isChanged({ path, content }: NewFile, force: boolean): Promise<boolean> {
  const existing = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new LedgerError(`${path} can't be read: ${error.code ?? error.message}. Nothing was written.`, {
      hint: 'Choose another folder with --out.',
      cause: error,
    });
  });
  if (existing === undefined || force) return true;
  if (existing.equals(content)) return false;
  throw new UsageError(`${path} exists and differs from what would be written. Nothing was written.`, {
    hint: 'Choose another folder with --out, or replace it with --force.',
  });
}

/** A filing before it is stored. */
interface Draft extends Omit<NewFiling, 'fileName' | 'gapsAllowed'>, NewFile {
  parameters: FilingParameters & { accounts: readonly string[] };
  prepared: PreparedFacts;
}

/** Stores a filing, unless it equals the last one. */
async function store(client: pg.ClientBase, { path, ...draft }: Draft): Promise<PreparedFiling> {
  const { parameters, rows, prepared } = draft;
  const filing = { ...draft, fileName: basename(path), gapsAllowed: true };
  const same = await findSame(client, filing);
  const { id, sha256 } = same ?? (await storeFiling(client, filing));
  return {
    ocn: prepared.ocn,
    form: parameters.form.id,
    accounts: parameters.accounts,
    filing: id,
    same: same !== undefined,
    file: path,
    sha256,
    rows: rows.length,
    numbers: rows.reduce((sum, row) => sum + row.numbersReceived, 0),
  };
}

interface Drafts {
  filings: Draft[];
  companyFiles: NewFile[];
  checklist: ChecklistItem[];
}

async function prepare(client: pg.ClientBase, options: PrepareOptions): Promise<Drafts> {
  const { groups, due, data, kinds, folder } = options;
  const checklist: ChecklistItem[] = configurationItems(options);
  const filings: Draft[] = [];
  const companyFiles: NewFile[] = [];
  for (const { ocn, accounts, company } of groups) {
    const counted = accounts.filter((account) => options.known.includes(account));
    const page = companyPage(data, ocn, company);
    checklist.push(...companyItems(data, ocn, company));
    if (counted.length > 0) checklist.push(...(await auditItems(client, { ocn, accounts: counted, asOf: due.asOf })));
    let hasRows = false;
    for (const formId of company?.forms ?? ['u4']) {
      const form = findForm(formId);
      const parameters: Draft['parameters'] = {
        asOf: due.asOf,
        form,
        accounts: counted,
        state: undefined,
        agingDays: shortestAgingDays,
        assignor: undefined,
      };
      const rows: FilingRow[] = counted.length === 0 ? [] : await readFilingRows(client, parameters);
      if (rows.length === 0) {
        checklist.push({
          level: 'open',
          about: ocn,
          id: 'no-numbers',
          text: `No number of OCN ${ocn} counts, so form ${form.id.toUpperCase()} was not written`,
          count: 0,
          fix: `tn-ledger audit --as-of ${due.asOf} --ocn ${ocn}`,
        });
        continue;
      }
      hasRows = true;
      for (const { count, text } of describeGaps(rows, data[form.id])) {
        checklist.push({
          level: 'open',
          about: ocn,
          id: 'blank',
          text: `Form ${form.id.toUpperCase()} has blanks: ${text}`,
          count,
          fix: 'tn-ledger run sync-number-details',
        });
      }
      for (const kind of kinds) {
        filings.push({
          path: join(folder, `${due.asOf}-${ocn}-${form.id}.${kind}`),
          content: await fileContent(kind, { form, rows, data, company: page }),
          parameters,
          rows,
          prepared: { dueOn: due.on, ocn, company: page },
          formVersion: data.version,
        });
      }
    }
    if (hasRows && kinds.includes('csv')) {
      const path = join(folder, `${due.asOf}-${ocn}-company.csv`);
      companyFiles.push({ path, content: companyCsv(page, data) });
    }
  }
  checklist.push(...(await syncItems(client, options)), ...(await twiceItems(client, options)));
  checklist.sort((a, b) => Number(a.level === 'review') - Number(b.level === 'review'));
  return { filings, companyFiles, checklist };
}

/** The values of the company page. What is missing is blank, and on the checklist. */
function companyPage(data: Form502, ocn: string, company: Company | undefined): CompanyPage {
  return data.company.map(({ key, heading, isOcn }) => [heading, isOcn ? ocn : (company?.fields[key] ?? '')]);
}

function companyItems(data: Form502, ocn: string, company: Company | undefined): ChecklistItem[] {
  const keys = data.company.map(({ key }) => key);
  const given = Object.keys(company?.fields ?? {});
  const missing = data.company.filter(({ key, isOcn, optional }) => !isOcn && !optional && !given.includes(key));
  const unknown = given.filter((key) => !keys.includes(key));
  const fix = `Set companies.${ocn} in the file in TN_LEDGER_ACCOUNTS_FILE`;
  return [
    ...(missing.length === 0
      ? []
      : [
          {
            level: 'open' as const,
            about: ocn,
            id: 'company',
            text: `The company page lacks ${missing.map(({ heading }) => heading).join(', ')}`,
            count: missing.length,
            fix: `${fix}: ${missing.map(({ key }) => key).join(', ')}`,
          },
        ]),
    ...unknown.map((key): ChecklistItem => {
      const nearest = nearestName(keys, key);
      return {
        level: 'open',
        about: ocn,
        id: 'company-unknown',
        text: `companies.${ocn}.${key} is not on the company page${nearest === undefined ? '' : `; did you mean ${nearest}?`}`,
        count: null,
        fix: `${fix}: one of ${keys.join(', ')}`,
      };
    }),
  ];
}

function configurationItems({ withoutOcn, groups, known, data }: PrepareOptions): ChecklistItem[] {
  const items: ChecklistItem[] = withoutOcn.map((account) => ({
    level: 'open',
    about: account,
    id: 'no-ocn',
    text: `Account ${account} has no OCN, so its numbers are in no filing`,
    count: null,
    fix: `Set ocn of account ${account} in the file in TN_LEDGER_ACCOUNTS_FILE`,
  }));
  for (const account of groups.flatMap(({ accounts }) => accounts).filter((each) => !known.includes(each))) {
    items.push({
      level: 'open',
      about: account,
      id: 'unsynced',
      text: `The ledger has no numbers for account ${account}`,
      count: null,
      fix: `tn-ledger run nightly --account ${shellWord(account)}`,
    });
  }
  if (!data.verified) {
    items.push({
      level: 'review',
      about: null,
      id: 'headings',
      text: `The headings (version ${data.version}) were never compared with the current form`,
      count: null,
      fix: 'Compare them as docs/filing.md says, and set verified in the file in TN_LEDGER_FORM_FILE',
    });
  }
  return items;
}

async function auditItems(
  client: pg.ClientBase,
  { ocn, accounts, asOf }: { ocn: string; accounts: readonly string[]; asOf: Day },
): Promise<ChecklistItem[]> {
  const findings = await audit(client, { asOf, accounts, agingDays: shortestAgingDays });
  return findings
    .filter(({ kind, count }) => kind === 'attention' && count > 0)
    .map(({ id, title, count, fix }) => ({
      level: fix === undefined ? 'review' : 'open',
      about: ocn,
      id,
      text: capitalize(title),
      count,
      fix: fix ?? `tn-ledger audit --as-of ${asOf} --ocn ${ocn}`,
    }));
}

async function syncItems(client: pg.ClientBase, { groups, due }: PrepareOptions): Promise<ChecklistItem[]> {
  const accounts = groups.flatMap((group) => group.accounts);
  return (await readSyncGaps(client, accounts, due.asOf)).map(({ account, never, stale }) => ({
    level: 'open',
    about: account,
    id: 'stale-sync',
    text: `Account ${account} was not read completely after ${due.asOf}: ${[
      ...never.map((job) => `${job} never succeeded`),
      ...(stale.length === 0 ? [] : [`${stale.join(', ')} last succeeded earlier`]),
    ].join('; ')}`,
    count: null,
    fix: `tn-ledger run nightly --account ${shellWord(account)}`,
  }));
}

/** Numbers that two OCNs report. Within one OCN, a number counts once. */
async function twiceItems(client: pg.ClientBase, { groups, due }: PrepareOptions): Promise<ChecklistItem[]> {
  if (groups.length < 2) return [];
  const of = groups.flatMap(({ ocn, accounts }) => accounts.map((account) => ({ ocn, account })));
  const { rows } = await client.query<{ count: number; examples: string[] }>(
    `select count(*)::int as count, (array_agg(telephone_number order by telephone_number))[1:5] as examples from (
       select h.telephone_number from number_status_history h
       join unnest($1::text[], $2::text[]) as g (account, ocn) on g.account = h.account_id
        where nruf_in_inventory(h.status) and h.valid_from < $3 and (h.valid_to is null or h.valid_to >= $3)
        group by 1 having count(distinct g.ocn) > 1
     ) as twice`,
    [of.map(({ account }) => account), of.map(({ ocn }) => ocn), `${due.asOf} 24:00 UTC`],
  );
  const [{ count, examples } = { count: 0, examples: [] }] = rows;
  if (count === 0) return [];
  return [
    {
      level: 'open',
      about: null,
      id: 'two-ocns',
      text: `Numbers are in service under more than one OCN, and each would report them (${examples.join(', ')}${count > examples.length ? ', …' : ''})`,
      count,
      fix: `tn-ledger audit --as-of ${due.asOf}`,
    },
  ];
}
