import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Day, parseDay } from '../days.js';
import { UsageError } from '../errors.js';
import { missingOr, readSettingsFile } from '../settings-file.js';

/** Where headings come from, and whether anyone compared them with the agency's file. */
export interface Edition {
  version: string;
  source: string;
  date: Day;
  verified: boolean;
}

/** The values that a column of Form 502 may have: columns of `nruf_filing_rows`. */
export const rowValues = [
  'code',
  'rate_center',
  'state',
  'numbers_received',
  'assigned',
  'intermediate',
  'reserved',
  'aging',
  'administrative',
  'assignor',
  'available',
  'utilization_percent',
] as const;
export type RowValue = (typeof rowValues)[number];

export interface FormColumn {
  heading: string;
  value: RowValue;
}

/** A field of the form's company page. */
export interface CompanyField {
  key: string;
  heading: string;
  /** It is the OCN of the filing, and needs no setting. */
  isOcn: boolean;
  optional: boolean;
}

export interface Form502 extends Edition {
  /** The row of the form at which the data begins. */
  firstRow: number;
  company: readonly CompanyField[];
  u4: readonly FormColumn[];
  u3: readonly FormColumn[];
}

/** Names of the columns of NANPA's report; each may have several. */
export interface MissingReport extends Edition {
  block: readonly string[];
  code: readonly string[];
  npa: readonly string[];
  nxx: readonly string[];
  thousands: readonly string[];
  ocn: readonly string[];
}

export const dateFormats = ['yyyy-mm-dd', 'mm/dd/yyyy', 'yyyymmdd'] as const;

/** The file for the Reassigned Numbers Database. */
export interface DisconnectReport extends Edition {
  /** Whether the first line has the headings. */
  header: boolean;
  dateFormat: (typeof dateFormats)[number];
  /** Larger reports must be split. */
  maxRows: number;
  columns: readonly { heading: string; value: 'telephone_number' | 'disconnected_on' | { text: string } }[];
}

/** Bandwidth's report of assigned numbers. */
export interface AssignmentReportForm extends Edition {
  reportId: string;
  /** What its name contains. */
  reportName: string;
  /** Names of the columns; the first that the file has counts. */
  number: readonly string[];
  status: readonly string[];
  /** Words in the column of the status. */
  assigned: readonly string[];
  unassigned: readonly string[];
}

export interface FormData {
  form502: Form502;
  missingReport: MissingReport;
  disconnectReport: DisconnectReport;
  assignmentReport: AssignmentReportForm;
}

const text = z.string({ error: missingOr('must be text') }).min(1, { error: 'is empty' });
const yesOrNo = z.enum(['true', 'false'], { error: missingOr('must be true or false') }).transform((t) => t === 'true');
const wholeNumber = text.regex(/^[1-9]\d{0,8}$/, { error: 'must be a whole number of at least 1' }).transform(Number);
const edition = {
  version: text,
  source: text,
  date: text.refine((day) => parseDay(day) !== undefined, { error: 'must be a date, such as 2027-01-31' }),
  verified: yesOrNo,
};
const list = <T extends z.ZodType>(of: T) =>
  z.array(of, { error: missingOr('must be a list') }).min(1, { error: 'is empty' });

const rowValue = z.enum(rowValues, { error: `must be one of ${rowValues.join(', ')}` });
const columnsOfForm = list(z.strictObject({ heading: text, value: rowValue })).superRefine((columns, context) => {
  const missing = rowValues.filter((value) => !columns.some((column) => column.value === value));
  if (missing.length > 0) context.addIssue({ code: 'custom', message: `has no column for ${missing.join(', ')}` });
  if (columns.length > rowValues.length) context.addIssue({ code: 'custom', message: 'has a value twice' });
});
const companyField = z
  .strictObject({
    key: text.regex(/^[a-z][a-z0-9_]*$/, { error: 'must be lower-case letters, digits and _' }),
    heading: text,
    value: z.enum(['ocn'], { error: 'must be ocn' }).optional(),
    optional: yesOrNo.optional(),
  })
  .transform(
    ({ key, heading, value, optional = false }): CompanyField => ({ key, heading, isOcn: value === 'ocn', optional }),
  );

const form502 = z
  .strictObject({
    ...edition,
    first_row: wholeNumber,
    company: list(companyField),
    u4: columnsOfForm,
    u3: columnsOfForm,
  })
  .transform(({ first_row: firstRow, ...rest }): Form502 => ({ firstRow, ...rest }));

const names = list(text);
const missingReport = z.strictObject({
  ...edition,
  block: names,
  code: names,
  npa: names,
  nxx: names,
  thousands: names,
  ocn: names,
});

const disconnectReport = z
  .strictObject({
    ...edition,
    header: yesOrNo,
    date_format: z.enum(dateFormats, { error: `must be one of ${dateFormats.join(', ')}` }),
    max_rows: wholeNumber,
    columns: list(
      z.union(
        [
          z.strictObject({ heading: text, value: z.enum(['telephone_number', 'disconnected_on']) }),
          z
            .strictObject({ heading: text, text: z.string() })
            .transform(({ heading, text: fixed }) => ({ heading, value: { text: fixed } })),
        ],
        { error: 'must be a heading with a value (telephone_number or disconnected_on) or a text' },
      ),
    ).refine(
      (columns) => ['telephone_number', 'disconnected_on'].every((each) => columns.some(({ value }) => value === each)),
      { error: 'must have the values telephone_number and disconnected_on' },
    ),
  })
  .transform(
    ({ date_format: dateFormat, max_rows: maxRows, ...rest }): DisconnectReport => ({ dateFormat, maxRows, ...rest }),
  );

const assignmentReport = z
  .strictObject({
    ...edition,
    report_id: text,
    report_name: text,
    number: names,
    status: names,
    assigned: names,
    unassigned: names,
  })
  .transform(
    ({ report_id: reportId, report_name: reportName, ...rest }): AssignmentReportForm => ({
      reportId,
      reportName,
      ...rest,
    }),
  );

const sections = {
  form_502: form502.optional(),
  utilization_missing: missingReport.optional(),
  reassigned_numbers: disconnectReport.optional(),
  assignment_report: assignmentReport.optional(),
};
const schema = z.strictObject(sections, { error: `must have one of the sections ${Object.keys(sections).join(', ')}` });

const knownKeys: Readonly<Record<string, readonly string[]>> = {
  form_502: Object.keys({ ...edition, first_row: 0, company: 0, u4: 0, u3: 0 }),
  utilization_missing: Object.keys(missingReport.shape),
  reassigned_numbers: Object.keys({ ...edition, header: 0, date_format: 0, max_rows: 0, columns: 0 }),
  assignment_report: Object.keys({
    ...edition,
    ...{ report_id: 0, report_name: 0, number: 0, status: 0, assigned: 0, unassigned: 0 },
  }),
};

const shipped = fileURLToPath(new URL('./form-data.yaml', import.meta.url));

/**
 * The headings of filings: those of this version, and instead of them the sections of the user's file.
 *
 * @param formFile undefined: there is none
 * @throws {UsageError} the user's file can't be read or is wrong; one line per problem, with the line of the file
 */
export function loadFormData(formFile: string | undefined): FormData {
  const own = formFile === undefined ? {} : readFormData(formFile);
  const {
    form_502: form502,
    utilization_missing: missingReport,
    reassigned_numbers: disconnectReport,
    assignment_report: assignmentReport,
  } = { ...readFormData(shipped), ...own };
  if (!form502 || !missingReport || !disconnectReport || !assignmentReport)
    throw new TypeError(`${shipped} lacks a section.`);
  return { form502, missingReport, disconnectReport, assignmentReport };
}

function readFormData(path: string): Partial<z.infer<typeof schema>> {
  const problems: string[] = [];
  const file = readSettingsFile({ path, name: path, setting: 'TN_LEDGER_FORM_FILE' }, problems);
  const data = file?.collect(schema.safeParse(file.content), [], ([section, ...rest]) =>
    section === undefined ? Object.keys(sections) : rest.length > 0 ? [] : (knownKeys[section] ?? []),
  );
  if (data === undefined) {
    throw new UsageError(
      `The headings of filings are wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
      { hint: 'Correct the file in TN_LEDGER_FORM_FILE; docs/filing.md describes it.' },
    );
  }
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}
