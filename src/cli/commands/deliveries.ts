import type { Command } from 'commander';
import type { Cli, GlobalOptions, Outcome } from '../cli.ts';

/** `sluice deliveries ls`. */
export function defineDeliveries(program: Command, cli: Cli, _outcome: Outcome): void {
  const deliveries = program
    .command('deliveries')
    .description('what became of every file')
    .addHelpText(
      'after',
      `
Examples:
  sluice deliveries ls                           the newest first
  sluice deliveries ls --state incoming --json   what still waits, for machines
  sluice deliveries ls --search report --limit 5`,
    );
  deliveries
    .command('ls')
    .description('list records of files, newest first: a page of them, or all')
    .option(
      '--state <state>',
      'incoming_tmp, incoming, processing, completed, failed, or waiting: all on their way',
    )
    .option('--profile <name>', 'of this profile only')
    .option('--bucket <name>', 'of this bucket only')
    .option('--search <text>', 'with this text in the path')
    .option('--limit <number>', 'at most so many (default: 50; all with --json)')
    .option('--all', 'every one')
    .option('--json', 'one JSON object a record on a line')
    .addHelpText(
      'after',
      `
Examples:
  sluice deliveries ls --state failed --json`,
    )
    .action(async (_options, command: Command) => {
      const { listDeliveries } = await import('../list-deliveries.ts');
      await listDeliveries(command.optsWithGlobals(), cli);
    });
}

/** `sluice failed ls|retry|drop`. */
export function defineFailed(program: Command, cli: Cli, outcome: Outcome): void {
  const failed = program
    .command('failed')
    .description('files that could not be delivered: look, try again, give up')
    .addHelpText(
      'after',
      `
Examples:
  sluice failed ls                                 what went wrong, how often
  sluice failed ls --all                           every file
  sluice failed retry --cause access_denied        after mending the key
  sluice failed retry --match 'logs/**'
  sluice failed drop --match 'tmp/*'               removes the files`,
    );
  for (const action of ['ls', 'retry', 'drop'] as const) {
    const words = {
      ls: 'causes with what to do about each; files with --all, --match or --cause',
      retry: 'give failed files another round of tries',
      drop: 'give failed files up: from the disk and the counts; their records stay',
    };
    failed
      .command(action)
      .description(words[action])
      .option('--all', 'all of them')
      .option('--match <glob>', 'those whose path, or profile/bucket/path, matches')
      .option('--cause <class>', 'those with this error code, or give-up, retry or hold')
      .option('--json', 'one JSON object a file on a line')
      .addHelpText(
        'after',
        `
Examples:
  sluice failed ${action} --match '*.csv' --cause retry`,
      )
      .action(async (_options, command: Command) => {
        const { failedFiles } = await import('../failed-files.ts');
        const done = await failedFiles(action, command.optsWithGlobals<GlobalOptions>(), cli);
        if (!done) outcome.exitCode = 1;
      });
  }
}
