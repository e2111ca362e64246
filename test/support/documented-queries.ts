import { readFile } from 'node:fs/promises';

/** The pages whose SQL a reader of the ledger may run. */
const pages = [
  ...['README.md', 'docs/assignment.md', 'docs/history.md', 'docs/nruf.md', 'docs/number.md'],
  'docs/order-history.md',
];

/** Every SQL statement that these pages show. */
export async function documentedQueries(): Promise<string[]> {
  const texts = await Promise.all(pages.map((page) => readFile(new URL(`../../../${page}`, import.meta.url), 'utf8')));
  return texts
    .flatMap((text) => [...text.matchAll(/```sql\n(.+?)```/gs)])
    .flatMap(([, block = '']) => block.split(/(?<=;)[^\n]*\n/))
    .filter((sql) => sql.trim() !== '');
}
