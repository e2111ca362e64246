import { Argument, type Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  const completion: Command = command('completion')
    .description('print a script that completes commands, jobs and options in your shell')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  $ tn-ledger completion bash >> ~/.bashrc
  $ tn-ledger completion zsh >> ~/.zshrc
  $ tn-ledger completion fish > ~/.config/fish/completions/tn-ledger.fish`,
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const [{ completionScript }, { jobNames }] = await Promise.all([
        import('./completion-script.js'),
        import('../../jobs/names.js'),
      ]);
      process.stdout.write(completionScript(completion.parent as Command, jobNames, shell));
    });
  return completion;
}
