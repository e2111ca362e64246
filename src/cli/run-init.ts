import { join } from 'node:path';
import { exitStatus, UsageError } from '../errors.js';
import { checkOutputPath, writeWhole } from '../output-file.js';
import { isAccountId } from '../setting-rules.js';
import { printFailure } from './failure.js';
import { messagesWithoutSession } from './messages.js';
import { processSettings, withApiSession } from './session.js';
import { askQuestions, type Questions } from './terminal-questions.js';

/** Asks for the settings that have no default, tests the credentials, writes `.env`, and runs the checks. */
export async function runInit({ force = false }: { force?: boolean }): Promise<void> {
  const { env, cwd } = processSettings();
  const path = join(cwd, '.env');
  try {
    await checkOutputPath(path, { replace: force });
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      throw new UsageError('`tn-ledger init` asks questions and needs a terminal. Nothing was written.', {
        hint: 'Copy .env.example to .env and fill it in instead.',
      });
    }
    const settings = await withQuestions((questions) => askSettings(questions, env));
    if (settings === undefined) return;
    const text = Object.entries(settings).map(([name, value]) => `${name}=${quoted(name, value)}\n`);
    await writeWhole(
      path,
      async (handle) => {
        // It contains the secret, whatever TN_LEDGER_FILE_MODE is.
        await handle.chmod(0o600);
        await handle.writeFile(text.join(''));
      },
      { replace: force },
    );
  } catch (error) {
    process.exitCode = printFailure(error, messagesWithoutSession({ env, cwd }));
    return;
  }
  process.stdout.write(`Wrote ${path}. Checking the setup:\n\n`);
  const { runChecks } = await import('./checks/run-checks.js');
  await withApiSession(processSettings(), runChecks);
  if (process.exitCode === exitStatus.done) process.stdout.write('\nNext: tn-ledger run nightly\n');
}

async function withQuestions<T>(work: (questions: Questions) => Promise<T>): Promise<T> {
  const questions = askQuestions();
  try {
    return await work(questions);
  } finally {
    questions.close();
  }
}

type Settings = Readonly<Record<string, string>>;

/** Returns the settings to write; undefined if the credentials don't work, which has been printed. */
async function askSettings(questions: Questions, env: NodeJS.ProcessEnv): Promise<Settings | undefined> {
  process.stdout.write('Create client credentials in the Bandwidth App first (Account > API Credentials).\n');
  const credentials = {
    BANDWIDTH_CLIENT_ID: await questions.ask('Client ID'),
    BANDWIDTH_CLIENT_SECRET: await questions.ask('Client secret (not shown)', { hidden: true }),
    BANDWIDTH_ENVIRONMENT: await questions.ask('Environment, production or test', {
      fallback: 'production',
      problem: (answer) => (['production', 'test'].includes(answer) ? undefined : 'Answer production or test.'),
    }),
  };
  const known = await accountsOf({ ...env, ...credentials });
  if (known === undefined) return undefined;
  if (known.length > 0) process.stdout.write(`These credentials are for: ${known.join(', ')}\n`);
  const accounts = await questions.ask('Account IDs, separated by commas', {
    ...(known.length > 0 && { fallback: known.join(',') }),
    problem: (answer) => accountProblem(answer, known),
  });
  const url = await questions.ask('PostgreSQL connection string (empty: an embedded database in ./data)', {
    fallback: '',
    problem: (answer) =>
      answer === '' || /^postgres(ql)?:\/\//.test(answer)
        ? undefined
        : 'It looks like postgresql://user:password@host:5432/database.',
  });
  return { ...credentials, BANDWIDTH_ACCOUNT_ID: accounts, ...(url !== '' && { DATABASE_URL: url }) };
}

/** The accounts that the token lists, which may be none; undefined if there is no token, which has been printed. */
async function accountsOf(env: NodeJS.ProcessEnv): Promise<readonly string[] | undefined> {
  let accounts: readonly string[] | undefined;
  // An earlier .env, which is about to be replaced, must not mix with the answers.
  const { BANDWIDTH_ACCOUNT_ID: _, ...others } = env;
  await withApiSession({ env: { TN_LEDGER_LOG_LEVEL: 'warn', ...others }, cwd: '/nonexistent' }, async (session) => {
    accounts = (await (await session.client()).tokenClaims())?.accounts ?? [];
    return exitStatus.done;
  });
  return accounts;
}

function accountProblem(answer: string, known: readonly string[]): string | undefined {
  const ids = answer.split(',').map((id) => id.trim());
  const wrong = ids.find((id) => !isAccountId(id));
  if (wrong !== undefined) return `${JSON.stringify(wrong)} is not an account ID.`;
  const foreign = known.length === 0 ? undefined : ids.find((id) => !known.includes(id));
  return foreign === undefined ? undefined : `These credentials are not for account ${foreign}.`;
}

/** A value in quotes that it doesn't contain: dotenv has no escapes, except for line breaks in double quotes. */
function quoted(name: string, value: string): string {
  if (/^[\w./:@,+=-]*$/.test(value)) return value;
  const quote = ["'", '`', '"'].find((each) => !value.includes(each) && !(each === '"' && value.includes('\\')));
  if (quote === undefined) {
    throw new UsageError(
      `${name} contains all three kinds of quotes, which .env can't represent. Nothing was written.`,
      {
        hint: `Write it to a file, and set ${name}_FILE to its path.`,
      },
    );
  }
  return quote + value + quote;
}
