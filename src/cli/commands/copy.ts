import type { Command } from 'commander';
import type { Cli, Outcome } from '../cli.ts';
import type { CopyCommandOptions } from '../copy-files.ts';

/** `sluice copy [-r] SOURCE s3://profile/bucket/path`. */
export function defineCopy(program: Command, cli: Cli, outcome: Outcome): void {
  program
    .command('copy')
    .description('copy files into the station, which delivers them to their bucket')
    .argument('<source>', 'a file, or with --recursive a directory')
    .argument('<destination>', 's3://PROFILE/BUCKET/PATH; a trailing / means "into"')
    .option('-r, --recursive', 'copy a directory with all below it')
    .option('--include <pattern>', 'with -r: only such names or paths; may be repeated', collect)
    .option('--exclude <pattern>', 'with -r: none of such names or paths; may be repeated', collect)
    .option('--adopt', 'send nothing that the bucket holds already, by size and checksum')
    .option('--dry-run', 'say what would be copied, copy nothing')
    .option('--wait', 'wait until everything is delivered, or cannot be')
    .option('--timeout <duration>', 'with --wait: no longer than that, as 30s or 10m')
    .option('--json', 'one JSON object a file on a line')
    .addHelpText(
      'after',
      `
Examples:
  sluice copy report.pdf s3://local/outbox/            to outbox/report.pdf
  sluice copy -r photos s3://backup/pictures/2026/     all files below photos
  sluice copy -r photos s3://backup/pictures --wait    and wait for them
  sluice copy -r photos s3://backup/pictures --adopt   what is there is not sent
  sluice copy -r . s3://backup/x --exclude '*.log' --exclude tmp/

A pattern is for names, or with a slash for paths below the directory: * and ?
stop at slashes, ** does not, a slash at the end means a directory. Quote them.

Works beside a running station and without one: then the next one delivers.
--wait needs one that runs; it says what it waits for, and ends where a bucket
is missing. Exit code 1 if any file failed or was not delivered in time, 130
after Ctrl-C, with a summary of what was done.`,
    )
    .action(async (source: string, destination: string, _options, command: Command) => {
      const { copyFiles } = await import('../copy-files.ts');
      const options = command.optsWithGlobals<CopyCommandOptions>();
      if (!(await copyFiles(source, destination, options, cli))) outcome.exitCode = 1;
    });
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
