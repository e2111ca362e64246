import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { areaCodesSql, areaCodesVersion } from './area-codes.js';

/**
 * Functions, triggers and views: SQL files that are applied after the numbered migrations, whenever one of them changed, as
 * Flyway's repeatable migrations are; so are the area codes, whenever their package changed. Each file says `create or replace`,
 * so that users' views and grants stay. What can't be replaced so (a function that returns other columns, a view that loses one)
 * is dropped by a numbered migration, without `cascade`.
 */
export interface Repeatable {
  name: string;
  /** Another one means that it changed. */
  checksum: string;
  sql(): string | Promise<string>;
}

/** In the order in which they are applied: a function comes after those that its SQL names. */
const names = [
  'keep-versions',
  'keep-order-statuses',
  'night-changes',
  'imported-numbers',
  'nruf-days',
  'nruf-notes',
  'nruf-ports',
  'nruf-intervals',
  'nruf-counting',
];

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
    return { name, sql: readFileSync(new URL(`./repeatable/${name}.sql`, import.meta.url), 'utf8') };
  });
}

/** The statements that drop what the files create, last first. They fail where something of a user's depends on it. */
export function dropStatements(): string[] {
  return readFiles()
    .flatMap(({ sql }) => [...sql.matchAll(creation)])
    .map(({ groups }) => groups as { kind: string; name: string; table?: string })
    .map(({ kind, name, table }) => `drop ${kind} if exists ${name}${table === undefined ? '' : ` on ${table}`}`)
    .toReversed();
}

const creation =
  /^create or replace (?<kind>function|view|trigger) (?<name>[\w.]+)(?:.* on (?<table>tn_ledger\.\w+)$)?/gm;
