import { Argument, type Command } from 'commander';
import { type Cli, OUTPUT_OPTION, type Outcome } from '../cli.ts';
import type { CommandPlace } from '../completion/grammar.ts';

/** `sluice completion bash|zsh|fish`. Defined last: it is about the commands that are there by then. */
export function defineCompletion(program: Command, cli: Cli, _outcome: Outcome): void {
  program
    .command('completion')
    .description('print what makes a shell complete the commands and options of sluice')
    .addArgument(new Argument('<shell>', 'yours').choices(['bash', 'zsh', 'fish']))
    .option(...OUTPUT_OPTION)
    .addHelpText(
      'after',
      `
Examples:
  sluice completion bash -o ~/.local/share/bash-completion/completions/sluice
  sluice completion zsh -o "\${fpath[1]}/_sluice"
  sluice completion fish -o ~/.config/fish/completions/sluice.fish
  source <(sluice completion bash)      for this shell only`,
    )
    .action(async (shell: string, options: { output?: string }) => {
      const [{ placesOf }, { writeOut }] = await Promise.all([
        import('../completion/grammar.ts'),
        import('../table-output.ts'),
      ]);
      const script = await scriptOf(shell);
      await writeOut(script(placesOf(program)), options, cli);
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
