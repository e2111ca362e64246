import { readFile } from 'node:fs/promises';

export interface ExampleEvent {
  /** ISO time; noon if the document gives only a day. */
  at: string;
  what: string;
  numbers: string[];
}

export interface Example {
  events: ExampleEvent[];
  /** The rows of the table computed by hand, keyed by heading. */
  expected: Record<string, string>[];
}

/** Reads the worked example in `docs/nruf.md`. */
export async function readExample(): Promise<Example> {
  const text = await readFile(new URL('../../../../docs/nruf.md', import.meta.url), 'utf8');
  const section = /^## A worked example$(?<body>[\s\S]*?)^## /m.exec(text)?.groups?.body;
  const [events, expected] = tablesOf(section ?? '');
  if (events === undefined || expected === undefined) throw new Error('docs/nruf.md has no worked example');
  return {
    events: events.map((row) => ({
      at: toTime(row['when (UTC)'] as string),
      what: row.what as string,
      numbers: toNumbers(row.numbers as string),
    })),
    expected,
  };
}

function tablesOf(text: string): Record<string, string>[][] {
  const tables = text.match(/(?:^\|.*\n)+/gm) ?? [];
  return tables.map((table) => {
    const [header = [], , ...rows] = table
      .trim()
      .split('\n')
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    return rows.map((cells) => Object.fromEntries(header.map((name, index) => [name, cells[index] ?? ''])));
  });
}

function toTime(text: string): string {
  const [day, time = '12:00:00'] = text.split(' ');
  return `${day}T${time}Z`;
}

/** Expands `919-555-0000` or `919-555-0000 to 919-555-0015`. */
function toNumbers(text: string): string[] {
  const [first, last = first] = text.split(' to ').map((number) => Number(number.replaceAll('-', '')));
  const list: string[] = [];
  for (let number = first as number; number <= (last as number); number += 1) list.push(String(number));
  return list;
}
