import { Argument, type Command } from 'commander';
import type { Cli, Outcome } from '../cli.ts';
import type { CommandPlace } from '../completion/grammar.ts';

/** `sluice completion bash|zsh|fish`. Defined last: it is about the commands that are there by then. */
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
      const { placesOf } = await import('../completion/grammar.ts');
      const script = await scriptOf(shell);
      cli.stdout.write(script(placesOf(program)));
    });
}

/**
 * What writes the completion script of a shell: all commands and options as they are defined, nothing asked at run
 * time.
 */
async function scriptOf(shell: string): Promise<(places: readonly CommandPlace[]) => string> {
  if (shell === 'zsh') return (await import('../completion/zsh.ts')).zshCompletion;
  if (shell === 'fish') return (await import('../completion/fish.ts')).fishCompletion;
  return (await import('../completion/bash.ts')).bashCompletion;
}
