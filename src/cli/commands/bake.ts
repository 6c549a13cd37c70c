import type { Command } from 'commander';
import type { Cli, GlobalOptions, Outcome } from '../cli.ts';

/** `sluice bake URL|PATH…`. */
export function defineBake(program: Command, cli: Cli, outcome: Outcome): void {
  program
    .command('bake')
    .description('clone or fetch repositories and turn their commits into insights')
    .argument('<url-or-path...>', 'repositories, as URLs or paths')
    .option('--churn', 'read what each commit changed, too: files and lines (takes longer, needs all files)')
    .option('--json', 'one JSON object a repository on a line')
    .addHelpText(
      'after',
      `
Examples:
  sluice bake .                                the repository you stand in
  sluice bake https://github.com/git/git       cloned once; later only news come
  sluice bake git@host:team/a ../b --json      several at once, for machines

Exit code 1 if any of them failed.`,
    )
    .action(async (targets: string[], _options, command: Command) => {
      const { bakeTargets } = await import('../bake-targets.ts');
      const options = command.optsWithGlobals<GlobalOptions & { json?: boolean; churn?: boolean }>();
      const failed = await bakeTargets(targets, options, cli);
      if (failed > 0) outcome.exitCode = 1;
    });
}
