import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ExitStatus, exitStatus, LedgerError, messageOf } from '../errors.js';
import { writeWhole } from '../output-file.js';
import { terminalSafe } from '../terminal-text.js';
import { describeFailure } from './failure.js';
import { printResult } from './print-result.js';
import { findRelation, formatRelation, formatRelations } from './print-tables.js';
import type { Session } from './session.js';
import { csvOutput, expandedOutput, jsonOutput, type SqlOutput, tableOutput } from './sql-output.js';
import { connectForSql, type SqlConnection, type SqlOptions } from './sql-statement.js';

const prompts = { first: 'tn_ledger=> ', next: 'tn_ledger-> ' };
const historySize = 1000;

const help = String.raw`A statement ends with a semicolon and may have several lines. Ctrl-C cancels it.
  d          tables and views
  d NAME     columns of a table or view
  \x          print one line per value, or rows again
  q          quit (or Ctrl-D)`;

/** Reads statements from the terminal and runs them, each in a transaction of its own, until \q or the end of the input. */
export async function runSqlShell(session: Session, options: SqlOptions): Promise<ExitStatus> {
  const shell = await openShell(session, options);
  const historyFile = join(session.config.dataDir, 'sql_history');
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: prompts.first,
    completer: shell.complete,
    history: await readHistory(historyFile),
    historySize,
    removeHistoryDuplicates: true,
  });
  let history: readonly string[] = [];
  lines.on('history', (entries: string[]) => {
    history = [...entries];
  });
  let statement = '';
  const prompt = () => {
    lines.setPrompt(statement === '' ? prompts.first : prompts.next);
    lines.prompt();
  };
  lines.on('SIGINT', () => {
    if (shell.cancel()) return;
    statement = '';
    // Go to the end of the line, and delete what is before it.
    for (const name of ['e', 'u']) lines.write(null, { ctrl: true, name });
    process.stdout.write('\n');
    prompt();
  });
  const close = () => lines.close();
  session.signal.addEventListener('abort', close, { once: true });
  process.stdout.write(`${shell.mode} \\? shows the commands.\n`);
  prompt();
  try {
    for await (const line of lines) {
      if (statement === '' && line.trim().startsWith('\\')) {
        if (line.trim() === '\\q') break;
        await shell.runCommand(line.trim());
      } else {
        statement = `${statement}${statement === '' ? '' : '\n'}${line}`;
        if (statement.trim() === '') statement = '';
        if (isComplete(statement)) {
          const complete = statement;
          statement = '';
          await shell.runStatement(complete);
        }
      }
      prompt();
    }
    return exitStatus.done;
  } finally {
    session.signal.removeEventListener('abort', close);
    lines.close();
    shell.close();
    await writeWhole(
      historyFile,
      history
        .toReversed()
        .map((entry) => `${entry}\n`)
        .join(''),
      { replace: true },
    ).catch((error: unknown) =>
      session.log.warn(`The history of statements was not saved to ${historyFile}: ${messageOf(error)}`),
    );
  }
}

/** Newest first, as readline has it. */
async function readHistory(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new LedgerError(`The history of statements in ${file} can't be read: ${error.message}.`, {
      hint: 'Remove the file, or make it readable.',
    });
  });
  return text.split('\n').filter(Boolean).reverse();
}

/** Complete tokens that may contain a semicolon: strings, quoted names, dollar-quoted strings and comments. */
const tokens = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$.*?\$\1\$|--[^\n]*|\/\*.*?\*\//gs;

/** Whether a statement ends with a semicolon outside of strings and comments. */
export function isComplete(statement: string): boolean {
  const rest = statement.replace(tokens, ' ');
  return /;\s*$/.test(rest) && !/['"]|\$\w*\$|\/\*/.test(rest);
}

interface Shell {
  /** Which rights it has, as a sentence. */
  mode: string;
  runStatement(statement: string): Promise<void>;
  /** Runs a command that starts with a backslash. */
  runCommand(line: string): Promise<void>;
  /** Cancels the statement that is running; false if none is. */
  cancel(): boolean;
  complete(line: string): [string[], string];
  close(): void;
}

async function openShell(session: Session, options: SqlOptions): Promise<Shell> {
  let connection: SqlConnection | undefined = await connectForSql(session, options);
  let isRunning = false;
  let isCancelled = false;
  let isExpanded = false;
  let names: string[] = [];
  const output = (): SqlOutput => {
    if (options.csv) return csvOutput();
    if (options.json) return jsonOutput();
    return isExpanded ? expandedOutput() : tableOutput();
  };
  /** Runs work on the connection; a new one replaces it after an error. */
  const attempt = async (work: (open: SqlConnection) => Promise<void>) => {
    isRunning = true;
    isCancelled = false;
    try {
      connection ??= await connectForSql(session, options);
      await work(connection);
    } catch (error) {
      connection?.close();
      connection = undefined;
      if (!(error instanceof LedgerError)) throw error;
      const text = isCancelled
        ? 'The statement was cancelled. Nothing was changed.'
        : session.redact(describeFailure(error));
      process.stdout.write(`${terminalSafe(text)}\n`);
    } finally {
      isRunning = false;
    }
  };
  await attempt(async (open) => {
    names = await namesIn(open);
  });
  return {
    mode: options.write ? 'Statements may write; each is committed at once.' : 'Statements can only read.',
    runStatement: (statement) =>
      attempt(async (open) => {
        await open.run(statement, output());
        if (options.write) names = await namesIn(open);
      }),
    async runCommand(line) {
      const [name = '', argument] = line.split(/[\s;]+/);
      if (name === '\\x') {
        isExpanded = !isExpanded;
        process.stdout.write(`Rows are printed ${isExpanded ? 'with one line per value' : 'as a table'}.\n`);
      } else if (name === '\\d' || name === '\\dt') {
        await attempt(async (open) => {
          const relations = await open.relations();
          printResult(argument ? formatRelation(findRelation(relations, argument)) : formatRelations(relations));
        });
      } else {
        process.stdout.write(
          name === '\\?' ? `${help}\n` : `There is no command ${terminalSafe(name)}. \\? shows those that exist.\n`,
        );
      }
    },
    cancel() {
      if (!isRunning) return false;
      isCancelled = true;
      connection?.cancel();
      return true;
    },
    complete(line) {
      const word = /[\w.\\]*$/.exec(line)?.[0] ?? '';
      return [word === '' ? [] : names.filter((name) => name.startsWith(word)), word];
    },
    close: () => connection?.close(),
  };
}

const keywords = [
  'select',
  'from',
  'where',
  'group by',
  'order by',
  'having',
  'limit',
  'join',
  'left join',
  'using',
  'count(*)',
  'distinct',
  'between',
  'is null',
  'is not null',
  'interval',
  'current_date',
];

/** What Tab completes. */
async function namesIn(connection: SqlConnection): Promise<string[]> {
  const relations = await connection.relations();
  const columns = relations.flatMap((relation) => relation.columns.map(({ name }) => name));
  return [...new Set([...keywords, ...relations.map(({ name }) => name), ...columns])].sort();
}
