import type { Command } from 'commander';
import type { Cli, GlobalOptions, Outcome } from '../cli.ts';

/** `sluice doctor`. */
export function defineDoctor(program: Command, cli: Cli, outcome: Outcome): void {
  program
    .command('doctor')
    .description('look at machine, station and every profile: what works, what not, what to do')
    .argument('[profile...]', 'only these, and nothing else')
    .option('--bucket <name...>', 'look at these buckets instead of those the key may list')
    .option('--read-only', 'put no probe object')
    .option('--json', 'one JSON object a profile, then one a check, on a line each')
    .addHelpText(
      'after',
      `
Examples:
  sluice doctor
  sluice doctor backup --bucket pictures
  sluice doctor --credentials ./credentials --json

A credentials file has a section for each profile, in AWS's syntax; providers
are amazon, cloudflare, backblaze, s3 and directory:
  [pictures]
  provider              = amazon
  aws_access_key_id     = …
  aws_secret_access_key = …
  aws_region            = eu-central-1

Exit code 1 if anything is wrong.`,
    )
    .action(async (profiles: string[], _options, command: Command) => {
      const { examine } = await import('../examine.ts');
      const options = command.optsWithGlobals<
        GlobalOptions & { bucket?: string[]; readOnly?: boolean; json?: boolean }
      >();
      if (!(await examine(profiles, options, cli))) outcome.exitCode = 1;
    });
}
