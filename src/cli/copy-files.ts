import { resolve } from 'node:path';
import { formatBytes } from '../base/units.ts';
import { type CopyOutcome, type CopyResult, copyIntoSpool } from '../deliver/copy/copy.ts';
import { waitForDelivery } from '../deliver/copy/wait.ts';
import type { Journal } from '../keep/local/journal.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { withDestinations, withJournal } from './stores.ts';
import { jsonText, type ProgressLines, printable, progressLines, styleFor } from './terminal.ts';

const PROGRESS = 'copy';

export interface CopyCommandOptions extends GlobalOptions {
  readonly recursive?: boolean;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** Copies into the spool, prints each file, and waits for the deliveries if asked to. Answers whether all went well. */
export async function copyFiles(
  source: string,
  destination: string,
  options: CopyCommandOptions,
  cli: Cli,
): Promise<boolean> {
  const signal = cli.stopSignal();
  const { config } = await load(options, cli);
  return withJournal(config.database, cli, async journal => {
    const lines = progressLines(cli.stderr);
    const report = reporter(options, lines, cli);
    const outcome = await withDestinations(config, cli, destinations =>
      copyIntoSpool({
        root: config.deliver.directory,
        source: resolve(cli.cwd, source),
        destination,
        recursive: options.recursive === true,
        dryRun: options.dryRun === true,
        destinations,
        journal,
        clock: cli.clock,
        signal,
        onResult: report,
      }),
    );
    const delivered = options.wait ? await waitForAll(outcome, journal, lines, cli, signal) : true;
    lines.end(PROGRESS);
    if (!options.json) cli.stdout.write(`${summary(outcome, options)}\n`);
    return outcome.failed === 0 && delivered;
  });
}

function reporter(
  { json, dryRun }: CopyCommandOptions,
  lines: ProgressLines,
  cli: Cli,
): (result: CopyResult) => void {
  const style = styleFor(cli.stderr, cli.env);
  let files = 0;
  let bytes = 0;
  return result => {
    files += 1;
    bytes += result.bytes;
    if (json) {
      cli.stdout.write(`${jsonText(result)}\n`);
      return;
    }
    const target = `s3://${result.profile}/${result.bucket}/${result.key}`;
    if (result.error !== undefined) {
      lines.end(PROGRESS);
      cli.stderr.write(`${style.bad('failed:')} ${printable(result.source)}\n  ${printable(result.error)}\n`);
    } else if (dryRun) {
      cli.stdout.write(`${printable(result.source)} → ${printable(target)}\n`);
    }
    lines.set(PROGRESS, `${files.toLocaleString('en')} files, ${formatBytes(bytes)}: ${printable(target)}`);
  };
}

/** Answers whether all were delivered. */
async function waitForAll(
  outcome: CopyOutcome,
  journal: Journal,
  lines: ProgressLines,
  cli: Cli,
  signal: AbortSignal,
): Promise<boolean> {
  lines.set(PROGRESS, `waiting for ${outcome.records.length.toLocaleString('en')} deliveries`);
  const records = await waitForDelivery(journal, outcome.records, cli.clock, signal);
  const failed = records.filter(({ outcome: ended }) => ended !== 'success');
  lines.end(PROGRESS);
  for (const { profile, bucket, filepath, errorMessage } of failed) {
    const target = `s3://${profile}/${bucket}/${filepath}`;
    cli.stderr.write(`not delivered: ${printable(target)}\n  ${printable(errorMessage ?? 'unknown')}\n`);
  }
  return failed.length === 0;
}

function summary({ copied, failed }: CopyOutcome, { dryRun, wait }: CopyCommandOptions): string {
  const verb = dryRun ? 'would be copied' : wait ? 'delivered' : 'copied, to be delivered by the station';
  const files = `${copied.toLocaleString('en')} file${copied === 1 ? '' : 's'}`;
  return failed === 0 ? `${files} ${verb}` : `${files} ${verb}, ${failed.toLocaleString('en')} failed`;
}
