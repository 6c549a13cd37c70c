import type { Command } from 'commander';
import type { Cli, GlobalOptions, Outcome } from '../cli.ts';

/** `sluice sync now`. */
export function defineSync(program: Command, cli: Cli, outcome: Outcome): void {
  const sync = program
    .command('sync')
    .description('have the running station do something now')
    .addHelpText(
      'after',
      `
Examples:
  sluice sync now                               deliver all that waits
  sluice sync now https://github.com/git/git    fetch it, first in line
  sluice sync now https://github.com/o/n/pull/7 sync a pull request at once
  sluice sync now --filter state=open           sync all that are open`,
    );
  sync
    .command('now')
    .description('deliver everything that waits, or sync the repositories and changesets named')
    .argument('[url...]', 'repositories and changesets; deliveries where none is named')
    .option('--filter <filter>', 'the changesets that fit: state=open,repository=owner/name')
    .option('--wait', 'of deliveries: until all of it was tried')
    .option('--json', 'the answer as JSON')
    .addHelpText(
      'after',
      `
Examples:
  sluice sync now
  sluice sync now --wait --json

Needs a running station, and ignores the gate. Answers once all was tried, or
nothing more has come of it for 5 s: the station goes on then, and --wait waits
for it. Exit code 1 if anything failed, waits or goes on.`,
    )
    .action(async (urls: string[], _options, command: Command) => {
      const { syncNow } = await import('../sync-now.ts');
      const options = command.optsWithGlobals<
        GlobalOptions & { json?: boolean; filter?: string; wait?: boolean }
      >();
      if (!(await syncNow(urls, options, cli))) outcome.exitCode = 1;
    });
}
