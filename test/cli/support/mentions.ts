import { type Command, InvalidArgumentError, type Option } from 'commander';
import leven from 'leven';
import { parseAction } from '../../../src/assignment/action.js';
import { parseReportType } from '../../../src/billing/report-type.js';
import { parseAsOf, parseDayOption } from '../../../src/cli/day-options.js';
import { categories } from '../../../src/nruf/classify.js';
import { findForm } from '../../../src/nruf/form.js';
import { parseFaults, parseOddities } from '../../../src/sandbox/server.js';
import { unknownValue } from './texts.js';

export interface KnownProgram {
  program: Command;
  jobs: readonly string[];
}

/** Values of options that commander takes as they are, as the commands check them. */
const checks: Record<string, (value: string, option: string) => unknown> = {
  '--action': (value) => must(parseAction(value) !== undefined),
  '--type': (value) => parseReportType(value),
  '--category': (value) => must((categories as readonly string[]).includes(value)),
  '--form': (value) => findForm(value),
  '--faults': (value) => parseFaults(value),
  '--oddities': (value) => parseOddities(value),
  '--since': (value, option) => parseDayOption(option, value),
  '--as-of': (value) => parseAsOf(value),
  '--from': (value, option) => parseDayOption(option, value),
  '--to': (value, option) => parseDayOption(option, value),
};

function must(holds: boolean): void {
  if (!holds) throw new Error('it is not one of its values');
}

export interface Found {
  /** What is wrong with commands that the text names in full. */
  problems: string[];
  /** Options that it names with their command. */
  options: string[];
  /** Options that it names outside such a command. */
  bareOptions: string[];
  /** How many commands it names. */
  commands: number;
}

/**
 * Finds the commands that a text names, in code (all of it, or between backticks) or in a sentence, and checks them against the
 * program.
 */
export function findMentions(text: string, isCode: boolean, known: KnownProgram): Found {
  const found: Found = { problems: [], options: [], bareOptions: [], commands: 0 };
  if (isCode) examine(text, true, known, found);
  else {
    const prose = text.replace(/<code>(.*?)<\/code>|`([^`]+)`/g, (_, html: string | undefined, code: string) => {
      examine(html ?? code, true, known, found);
      return ' … ';
    });
    for (const line of prose.split('\n')) {
      // A line that shows a prompt is a command to its end.
      examine(line, /^\s*(\$|npx tn-ledger) /.test(line), known, found);
    }
  }
  return found;
}

const start = /(?<![\w/.-])(?:tn-ledger|dist\/src\/cli\/main\.js) +(?=\S)/g;
/** Words that stand for a value. */
const placeholder = new RegExp(`${unknownValue}|^<|^\\[|…|^\\$|^[A-Z][A-Z.]+$`);

/** Other programs, up to where one of them runs ours. */
const otherPrograms =
  /^ *(?:docker|journalctl|kubectl|systemctl|systemd-run|useradd|npx --package)\b(?:(?!dist\/src\/cli\/main\.js |tn-ledger demo).)*/gm;

function examine(wholeText: string, isCode: boolean, known: KnownProgram, found: Found): void {
  const text = wholeText.replace(otherPrograms, '');
  const { program, jobs } = known;
  let rest = '';
  let end = 0;
  for (const match of text.matchAll(start)) {
    if (match.index < end) continue;
    rest += text.slice(end, match.index);
    const words = new Words(text.slice(match.index + match[0].length), isCode);
    const name = words.next() as string;
    const command = program.commands.find((each) => each.name() === name);
    if (command === undefined) {
      const option = program.options.some(({ long }) => long === name) || name === '--help';
      const near = program.commands.some(
        (each) => each.name() !== name && leven(each.name(), name) <= (name.length < 5 ? 1 : 2),
      );
      const isMeant = isCode || near || name.startsWith('--') || words.peek()?.startsWith('--') === true;
      if (isMeant && !option && !placeholder.test(name)) found.problems.push(`there is no command ${name}`);
      end = match.index + match[0].length;
      continue;
    }
    found.commands += 1;
    const subcommand = command.commands.find((each) => each.name() === words.peek());
    if (subcommand !== undefined) words.next();
    examineArguments(subcommand ?? command, words, isCode, jobs, found);
    end = match.index + match[0].length + words.taken;
  }
  rest += text.slice(end);
  // `npm ci --include=optional` is npm's, `var(--ink)` a style sheet's.
  const ours = rest.replace(/\bnpm \w+(?: -\S+)*|\bvar\(--[\w-]+\)/g, '');
  for (const [option] of ours.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)) found.bareOptions.push(option);
}

function examineArguments(
  command: Command,
  words: Words,
  isCode: boolean,
  jobs: readonly string[],
  found: Found,
): void {
  const name = command.name();
  const { registeredArguments } = command;
  let places = registeredArguments.some(({ variadic }) => variadic)
    ? Number.POSITIVE_INFINITY
    : registeredArguments.length;
  let taken = 0;
  for (let word = words.peek(); word !== undefined; word = words.peek()) {
    if (word.startsWith('--')) {
      words.next();
      const [long = '', given] = word.split('=');
      found.options.push(long);
      const option = command.options.find((each) => each.long === long);
      if (option === undefined) {
        if (long === '--help') continue;
        found.problems.push(`${name} has no option ${long}`);
        words.nextValue();
      } else if (option.required || option.optional)
        examineValue(name, option, given ?? words.nextValue(), found, isCode);
      continue;
    }
    if (name === 'run' && !jobs.includes(word) && !placeholder.test(word)) {
      // In a sentence, the first other word after the jobs is the sentence's own.
      if (isCode || taken === 0) found.problems.push(`there is no job ${word}`);
      if (!isCode) return;
    } else if (places === 0) {
      if (isCode) found.problems.push(`${name} takes no argument ${word}`);
      else return;
    } else if (!isCode && name !== 'run' && !placeholder.test(word) && !/[."]/.test(word)) return;
    words.next();
    places -= 1;
    taken += 1;
  }
}

function examineValue(name: string, option: Option, value: string | undefined, found: Found, isCode: boolean): void {
  const long = option.long as string;
  if (value === undefined) {
    if (isCode) found.problems.push(`${name} ${long} lacks its value`);
    return;
  }
  // Some options take words in capitals, which elsewhere stand for a value.
  const isPlaceholder = placeholder.test(value) && !(/^[A-Z]+$/.test(value) && long === '--action');
  if (isPlaceholder) return;
  try {
    option.parseArg?.(value, option.defaultValue);
    checks[long]?.(value, long);
  } catch (error) {
    const why = error instanceof InvalidArgumentError || error instanceof Error ? error.message : String(error);
    found.problems.push(`${name} ${long} can't be ${value}: ${why}`);
  }
}

/** The words of a command line, to its end: a shell's operator or comment, or in a sentence the next punctuation mark. */
class Words {
  /** How many characters were taken. */
  taken = 0;
  #ended = false;

  constructor(
    readonly text: string,
    readonly isCode: boolean,
  ) {}

  peek(): string | undefined {
    return this.#read()?.word;
  }

  next(): string | undefined {
    const read = this.#read();
    if (read === undefined) return undefined;
    this.taken += read.length;
    this.#ended = read.last;
    return read.word;
  }

  /** The value of an option: the next word unless that is an option, too. */
  nextValue(): string | undefined {
    return this.peek()?.startsWith('--') === true ? undefined : this.next();
  }

  #read(): { word: string; length: number; last: boolean } | undefined {
    if (this.#ended) return undefined;
    const match = /^\s*("[^"]*"|'[^']*'|\S+)/.exec(this.text.slice(this.taken));
    if (match === null || /^(#|>>?|\||&&|;|2>)/.test(match[1] as string)) return undefined;
    const quoted = match[1] as string;
    const word = this.isCode ? quoted : quoted.replace(/[.,;:)\]'’]+$/, '');
    if (word === '') return undefined;
    return { word: word.replace(/^["'](.*)["']$/, '$1'), length: match[0].length, last: word !== quoted };
  }
}
