import { Argument, type Command } from 'commander';
import type { Cli, Outcome } from '../cli.ts';

/** `sluice completion bash|zsh|fish`. Defined last: it tells of the commands that are there. */
export function defineCompletion(program: Command, cli: Cli, _outcome: Outcome): void {
  program
    .command('completion')
    .description('print what makes a shell complete the commands and options of sluice')
    .addArgument(new Argument('<shell>', 'yours').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  sluice completion bash > ~/.local/share/bash-completion/completions/sluice
  sluice completion zsh > "\${fpath[1]}/_sluice"
  sluice completion fish > ~/.config/fish/completions/sluice.fish
  source <(sluice completion bash)      for this shell only`,
    )
    .action(async (shell: string) => {
      const { completionOf } = await import('../completion/completion.ts');
      cli.stdout.write(completionOf(shell, program));
    });
}
