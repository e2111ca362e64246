import { stringify } from 'csv-stringify/sync';
import type pg from 'pg';
import { formatTable } from './format.js';
import { isNumeric, toJson } from './json-value.js';

/** Formats the rows of a statement: the text to print for a batch of rows, and after the last one. */
export interface SqlOutput {
  rows(fields: readonly pg.FieldDef[], rows: readonly (string | null)[][]): string;
  /** @param tag the result of the statement: `5 rows`, `UPDATE 12` */
  end(fields: readonly pg.FieldDef[], tag: string): string;
}

const namesOf = (fields: readonly pg.FieldDef[]) => fields.map(({ name }) => name);

/** Prints at the end, because column widths depend on all rows. */
export function tableOutput(): SqlOutput {
  const all: string[][] = [];
  return {
    rows(_fields, rows) {
      for (const row of rows) all.push(row.map((value) => value ?? ''));
      return '';
    },
    end(fields, tag) {
      if (fields.length === 0) return `${tag}\n`;
      const right = fields.flatMap(({ dataTypeID }, index) => (isNumeric(dataTypeID) ? [index] : []));
      return `${formatTable(namesOf(fields), all, { right })}\n(${tag})\n`;
    },
  };
}

/** One line per value, for rows that are wider than the terminal. */
export function expandedOutput(): SqlOutput {
  let count = 0;
  return {
    rows(fields, rows) {
      const blocks = rows.map((row) => {
        count += 1;
        const values = fields.map(({ name }, index) => [name, row[index] ?? '']);
        return `${formatTable([`row ${count}`, ''], values)}\n`;
      });
      return `${blocks.join('\n')}\n`;
    },
    end: (_fields, tag) => `(${tag})\n`,
  };
}

/** NULL is an empty field and an empty string is a quoted one, as in PostgreSQL's CSV. */
export function csvOutput(): SqlOutput {
  let headed = false;
  const head = (fields: readonly pg.FieldDef[]) => {
    if (headed) return '';
    headed = true;
    return stringify([namesOf(fields)]);
  };
  return {
    rows: (fields, rows) => head(fields) + stringify(rows as (string | null)[][], { quoted_match: /^$/ }),
    end: (fields, tag) => (fields.length === 0 ? `${tag}\n` : head(fields)),
  };
}

/** A JSON array with one object per line. */
export function jsonOutput(): SqlOutput {
  let written = 0;
  return {
    rows(fields, rows) {
      const lines = rows.map((row) => {
        const members = fields.map(
          ({ name, dataTypeID }, index) => `${JSON.stringify(name)}:${toJson(row[index] ?? null, dataTypeID)}`,
        );
        return `{${members.join(',')}}`;
      });
      const text = `${written === 0 ? '[\n' : ',\n'}${lines.join(',\n')}`;
      written += rows.length;
      return text;
    },
    end: () => (written === 0 ? '[]\n' : '\n]\n'),
  };
}
