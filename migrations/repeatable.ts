import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { areaCodesSql, areaCodesVersion } from './area-codes.js';
import { nrufNoteTriggersSql } from './nruf-note-triggers.js';
import { orderViewsSql } from './order-views.js';

/**
 * Functions, triggers, and views: SQL files that are applied after the numbered migrations when any of them changes,
 * like Flyway's repeatable migrations. Area codes are applied the same way when their package changes. Each file uses
 * `create or replace`, which keeps users' views and grants. Objects that can't be replaced (a function that returns
 * different columns, a view that loses one) are dropped by a numbered migration, without `cascade`.
 */
export interface Repeatable {
  name: string;
  /** Changes when the content changes. */
  checksum: string;
  sql(): string | Promise<string>;
}

/** In the order of application: a function comes after the functions that its SQL uses. Each is a file or generated. */
const names = [
  'keep-versions',
  'keep-order-statuses',
  'order-views',
  'night-changes',
  'nruf-days',
  'imported-numbers',
  'nruf-ports',
  'nruf-derive',
  'nruf-refresh',
  'nruf-notes',
  'nruf-note-triggers',
  'nruf-counting',
  'billing-daily',
  'numbers-by-location',
  'unexplained-moves',
  'number-timeline',
  'rnd-disconnects',
  'assignment-report',
  'request-leases',
];

const generated: Readonly<Record<string, () => string>> = {
  'order-views': orderViewsSql,
  'nruf-note-triggers': nrufNoteTriggersSql,
};

let cached: readonly Repeatable[] | undefined;

export function readRepeatables(): readonly Repeatable[] {
  cached ??= [
    { name: 'area-codes', checksum: areaCodesVersion(), sql: areaCodesSql },
    ...readFiles().map(({ name, sql }) => {
      return { name, checksum: createHash('sha256').update(sql).digest('hex'), sql: () => sql };
    }),
  ];
  return cached;
}

function readFiles(): { name: string; sql: string }[] {
  return names.map((name) => {
    const generate = generated[name];
    const sql = generate?.() ?? readFileSync(new URL(`./repeatable/${name}.sql`, import.meta.url), 'utf8');
    return { name, sql };
  });
}

/**
 * Statements that drop the objects that the files create, in reverse order. They fail if users' objects depend on them.
 */
export function dropStatements(): string[] {
  return readFiles()
    .flatMap(({ sql }) => [...sql.matchAll(creation)])
    .map(({ groups }) => groups as { kind: string; name: string; table?: string })
    .map(({ kind, name, table }) => `drop ${kind} if exists ${name}${table === undefined ? '' : ` on ${table}`}`)
    .toReversed();
}

const creation =
  /^create or replace (?<kind>function|view|trigger) (?<name>[\w.]+)(?:.* on (?<table>tn_ledger\.\w+)$)?/gm;
