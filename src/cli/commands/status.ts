import type { Command } from 'commander';
import type { Cli, GlobalOptions, Outcome } from '../cli.ts';

/** `sluice status`. */
export function defineStatus(program: Command, cli: Cli, _outcome: Outcome): void {
  program
    .command('status')
    .description('how the station here is doing: schedule, repositories, disk')
    .option('--json', 'one JSON object, as GET /api/v1/status answers')
    .addHelpText(
      'after',
      `
Examples:
  sluice status
  sluice status --json | jq .schedule

Asks the running station; where none runs, the database is read and the mode
is "down".`,
    )
    .action(async (_options, command: Command) => {
      const { printStatus } = await import('../print-status.ts');
      await printStatus(command.optsWithGlobals<GlobalOptions & { json?: boolean }>(), cli);
    });
}
