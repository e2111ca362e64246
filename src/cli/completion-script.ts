import type { Command } from 'commander';

export type Shell = 'bash' | 'zsh' | 'fish';

/** A command with what may follow it. */
interface Completable {
  /** `files get`. */
  path: string;
  description: string;
  /** Subcommands, or names that are arguments; without any, arguments are completed as files. */
  words: string[];
  options: { flag: string; description: string }[];
}

/**
 * Returns the script that completes a program's commands and options.
 *
 * @param jobs what completes the arguments of `run`
 */
export function completionScript(program: Command, jobs: readonly string[], shell: Shell): string {
  const commands = program.commands.flatMap((command) => [
    describe(command, command.name(), command.name() === 'run' ? jobs : []),
    ...command.commands.map((sub) => describe(sub, `${command.name()} ${sub.name()}`)),
  ]);
  const top = [...program.commands.map((command) => command.name()), 'help'];
  if (shell === 'fish') return fishScript(program.name(), commands);
  const script = bashScript(program.name(), top, commands);
  // zsh runs the completions of bash.
  return shell === 'zsh'
    ? `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${script}`
    : script;
}

function describe(command: Command, path: string, args: readonly string[] = []): Completable {
  return {
    path,
    description: command.description(),
    words: [...args, ...command.commands.map((sub) => sub.name())],
    options: [
      ...command.options.map(({ long, description }) => ({ flag: long ?? '', description })),
      { flag: '--help', description: 'display help for command' },
    ],
  };
}

function bashScript(name: string, top: readonly string[], commands: readonly Completable[]): string {
  const cases = commands
    .map(({ path, words, options }) => {
      const flags = options.map(({ flag }) => flag).join(' ');
      return `    '${path}') words='${words.join(' ')}' flags='${flags}' ;;`;
    })
    .join('\n');
  return `_tn_ledger() {
  local current=\${COMP_WORDS[COMP_CWORD]} path=\${COMP_WORDS[1]} words='' flags='--help --version'
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${top.join(' ')}'
  else
    case "$path \${COMP_WORDS[2]}" in
      ${commands
        .filter(({ path }) => path.includes(' '))
        .map(({ path }) => `'${path}'`)
        .join(' | ')}) [ "$COMP_CWORD" -gt 2 ] && path="$path \${COMP_WORDS[2]}" ;;
    esac
    case "$path" in
${cases}
    esac
  fi
  case "$current" in
    -*) words=$flags ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _tn_ledger ${name}
`;
}

function fishScript(name: string, commands: readonly Completable[]): string {
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = commands.flatMap(({ path, description, words, options }) => {
    const [first = '', second] = path.split(' ');
    const seen = [first, ...(second === undefined ? [] : [second])].map(
      (word) => `__fish_seen_subcommand_from ${word}`,
    );
    const on = quote(seen.join('; and '));
    const parent = second === undefined ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${first}`;
    const own = second ?? first;
    return [
      `complete -c ${name} -n ${quote(parent)} -a ${own} -d ${quote(description)}`,
      ...words
        .filter((word) => !commands.some((other) => other.path === `${path} ${word}`))
        .map((word) => `complete -c ${name} -n ${on} -a ${word}`),
      ...options.map(
        ({ flag, description: about }) =>
          `complete -c ${name} -n ${on} -l ${flag.replace(/^--/, '')} -d ${quote(about)}`,
      ),
    ];
  });
  return `${lines.join('\n')}\n`;
}
