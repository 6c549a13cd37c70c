import type { Command } from 'commander';
import type { Cli, GlobalOptions, Outcome } from '../cli.ts';

/** `sluice capture ls|files`. */
export function defineCapture(program: Command, cli: Cli, _outcome: Outcome): void {
  const capture = program
    .command('capture')
    .description('readings: their collectors, and the files that they are in')
    .addHelpText(
      'after',
      `
Examples:
  sluice capture ls                              each collector with its rate
  sluice capture files --collector temperature   from collector to object`,
    );
  capture
    .command('ls')
    .description('list the collectors of the running station')
    .option('--json', 'one JSON object a collector on a line')
    .addHelpText(
      'after',
      `
Examples:
  sluice capture ls --json | jq 'select(.missed > 0)'`,
    )
    .action(async (_options, command: Command) => {
      const { listCollectors } = await import('../list-captures.ts');
      await listCollectors(command.optsWithGlobals<GlobalOptions & { json?: boolean }>(), cli);
    });
  capture
    .command('files')
    .description('list files of readings, newest first, each with its state and object key')
    .option('--collector <name>', 'of this collector only')
    .option('--limit <number>', 'at most so many (default: 50; all with --json)')
    .option('--all', 'all of them')
    .option('--json', 'one JSON object a file on a line')
    .addHelpText(
      'after',
      `
Examples:
  sluice capture files --collector temperature --limit 5`,
    )
    .action(async (_options, command: Command) => {
      const { listCaptureFiles } = await import('../list-captures.ts');
      await listCaptureFiles(command.optsWithGlobals(), cli);
    });
}

/** `sluice disk plan`. */
export function defineDisk(program: Command, cli: Cli, _outcome: Outcome): void {
  const disk = program
    .command('disk')
    .description('what gives way when the disk runs short')
    .addHelpText(
      'after',
      `
Examples:
  sluice disk plan          what would be freed now, and what has been`,
    );
  disk
    .command('plan')
    .description('what would be freed now; nothing is changed')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  sluice disk plan --json | jq .files`,
    )
    .action(async (_options, command: Command) => {
      const { printDiskPlan } = await import('../disk-plan.ts');
      await printDiskPlan(command.optsWithGlobals<GlobalOptions & { json?: boolean }>(), cli);
    });
}
