import type { Command } from 'commander';
import type { Cli, Outcome } from '../cli.ts';

/** `sluice changesets ls`. */
export function defineChangesets(program: Command, cli: Cli, _outcome: Outcome): void {
  const changesets = program
    .command('changesets')
    .description('pull and merge requests that are followed')
    .addHelpText(
      'after',
      `
Examples:
  sluice changesets ls --state open      open ones, and when each is next
  sluice changesets ls --failing --json  what could not be synced`,
    );
  changesets
    .command('ls')
    .description('list changesets, with when each is synced next and why then')
    .option('--host <name>', 'of this host only')
    .option('--repo <owner/name>', 'of this repository only')
    .option('--state <state>', 'new, open, draft, merged, closed or deleted')
    .option('--author <login>', 'by this person')
    .option('--label <name>', 'with this label')
    .option('--search <text>', 'with this text in title or address')
    .option('--failing', 'those whose last sync failed')
    .option('--limit <number>', 'at most so many (default: 50; all with --json)')
    .option('--all', 'all of them')
    .option('--json', 'one JSON object a changeset on a line')
    .addHelpText(
      'after',
      `
Examples:
  sluice changesets ls --repo owner/name --json`,
    )
    .action(async (_options, command: Command) => {
      const { listChangesets } = await import('../changesets.ts');
      await listChangesets(command.optsWithGlobals(), cli);
    });
}
