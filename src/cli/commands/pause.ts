import { type Command, Option } from 'commander';
import { PAUSABLE } from '../../keep/local/pauses.ts';
import type { Cli, Outcome } from '../cli.ts';

const KIND = (): Option =>
  new Option('--kind <kind>', 'which it is, where the name alone does not tell').choices(PAUSABLE);

/** `sluice pause` and `sluice resume`. */
export function definePause(program: Command, cli: Cli, _outcome: Outcome): void {
  program
    .command('pause')
    .description('send nothing to a destination, or ask nothing of a host, until it is resumed')
    .argument('[name...]', 'a profile, profile/bucket or host; what is paused is listed where none is named')
    .addOption(KIND())
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  sluice pause                     what is paused, and since when
  sluice pause archive             send nothing to profile archive
  sluice pause archive/raw         send nothing to that bucket
  sluice pause github.com          sync nothing from that host

Needs a running station. What is under way ends first; what is for it waits and
is counted. A pause outlasts the station, and no manual sync goes over it:
"sluice resume NAME" has it go on.`,
    )
    .action(async (names: string[], _options, command: Command) => {
      const { pauseNamed } = await import('../pause.ts');
      await pauseNamed(names, command.optsWithGlobals(), cli);
    });
  program
    .command('resume')
    .description('have what was paused go on')
    .argument('<name...>', 'what was paused')
    .addOption(KIND())
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  sluice resume archive/raw
  sluice resume github.com --json

Needs a running station. "sluice pause" lists what is paused.`,
    )
    .action(async (names: string[], _options, command: Command) => {
      const { resumeNamed } = await import('../pause.ts');
      await resumeNamed(names, command.optsWithGlobals(), cli);
    });
}
