import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** What a test that starts PostgreSQL, the sandbox, another server or a process imports, itself or through other test code. */
const servers = /^node:(?:child_process|http|net)$|[\\/]src[\\/]sandbox[\\/]server\.js$/;
/** What a test that records what it has shown imports. */
const proving = /[\\/]support[\\/]proof\.js$/;
/** What a test that is bigger in the soak, or meets other random cases there, imports. */
const sized = /[\\/]support[\\/](?:fast-check|sizes)\.js$/;

/** The compiled test files below a folder that start no server and no process. */
export function unitTests(folder: string): string[] {
  return testFiles(folder).filter((file) => !importsOf(file).some((module) => servers.test(module)));
}

/** The compiled test files below a folder that differ in the soak: by their sizes or by their random cases. */
export function sizedTests(folder: string): string[] {
  return testFiles(folder).filter((file) => importsOf(file).some((module) => sized.test(module)));
}

/** The compiled test files of all tiers below a folder that record proofs. */
export function provingTests(folder: string): string[] {
  return testFiles(folder, /\.(?:test|soak)\.js$/).filter((file) =>
    importsOf(file).some((module) => proving.test(module)),
  );
}

function testFiles(folder: string, name = /\.test\.js$/): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((each) => name.test(each))
    .map((each) => join(folder, each))
    .sort();
}

/** The modules that a test file and the test code it imports import. The program's own modules are not followed. */
function importsOf(file: string, found = new Set<string>()): string[] {
  const code = readFileSync(file, 'utf8');
  for (const [, named, awaited] of code.matchAll(/^(?:import|export)\b.*'([^']+)';$|\bimport\('([^']+)'\)/gm)) {
    const name = named ?? awaited ?? '';
    const module = name.startsWith('.') ? resolve(dirname(file), name) : name;
    if (found.has(module)) continue;
    found.add(module);
    if (/[\\/]test[\\/].*\.js$/.test(module)) importsOf(module, found);
  }
  return [...found];
}
