import { resolve } from 'node:path';
import { SluiceError } from '../base/errors.ts';
import { globFault, type SelectionSetup } from '../base/globs.ts';
import { type Logger, silentLogger } from '../base/log.ts';
import { createLogger } from '../base/log-output.ts';
import { formatCount, parseDurationMs } from '../base/units.ts';
import type { Config } from '../config/schema.ts';
import { type CopiedFile, type CopyOutcome, type CopyResult, copyIntoSpool } from '../deliver/copy/copy.ts';
import { parseDestination } from '../deliver/copy/destination.ts';
import type { CopyEnd } from '../deliver/copy/wait.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { CopyLog } from './copy-log.ts';
import { CopyProgress } from './copy-progress.ts';
import { assertSameDatabase, deliveringStation, type WaitOutcome, waitForCopies } from './copy-wait.ts';
import { load } from './load.ts';
import { isStationUp } from './station-client.ts';
import { withDestinations, withJournal } from './stores.ts';
import { jsonText, type ProgressLines, printable, progressLines, styleFor } from './terminal.ts';

const PROGRESS = 'copy';

export interface CopyCommandOptions extends GlobalOptions {
  readonly recursive?: boolean;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly adopt?: boolean;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  /** A duration, as `30s`. */
  readonly timeout?: string;
  readonly json?: boolean;
}

/**
 * Copies into the spool, prints each file, and waits for the deliveries if asked to. Answers whether all went well;
 * where the stop signal ended it, it says what was done and throws the signal's reason.
 */
export async function copyFiles(
  source: string,
  destination: string,
  options: CopyCommandOptions,
  cli: Cli,
): Promise<boolean> {
  const signal = cli.stopSignal();
  const timeoutMs = timeoutOf(options);
  const selection = selectionOf(options);
  const { config } = await load(options, cli);
  const { profile, bucket } = parseDestination(destination);
  const isWaiting = options.wait === true && options.dryRun !== true;
  if (isWaiting) await assertDelivered(config, profile, cli, signal);
  else if (options.dryRun !== true) await assertSameDatabase(config, cli, signal);
  const log = new CopyLog(await logOf(config, cli), cli.clock);
  return withJournal(config.database, cli, journal =>
    withDestinations(config, cli, async destinations => {
      const lines = progressLines(cli.stderr);
      const progress = new CopyProgress(lines, PROGRESS, cli.clock);
      const path = resolve(cli.cwd, source);
      if (cli.stderr.isTTY && options.recursive) void progress.count(path, { recursive: true, selection });
      const outcome = await copyIntoSpool({
        root: config.deliver.directory,
        source: path,
        destination,
        recursive: options.recursive === true,
        selection,
        adopts: options.adopt === true,
        dryRun: options.dryRun === true,
        refusesEmpty: config.deliver.emptyCopies === 'refuse',
        destinations,
        journal,
        clock: cli.clock,
        signal,
        onResult: reporter(options, { lines, progress }, cli, log),
        onExcluded: path => {
          if (options.dryRun && !options.json) cli.stdout.write(`${printable(path)} left out\n`);
        },
        onBytes: (bytes, copied) => progress.add(bytes, copied),
      }).finally(() => progress.close());
      const endpoint = destinations.find(one => one.profile === profile)?.endpoint ?? '';
      const about = { config, profile, bucket, endpoint };
      const onEnd = (end: CopyEnd): void => logEnd(end, log);
      const waited = isWaiting
        ? await waitForCopies(outcome.records, {
            about,
            journal,
            timeoutMs,
            lines,
            task: PROGRESS,
            cli,
            signal,
            onEnd,
          })
        : undefined;
      lines.end(PROGRESS);
      for (const end of waited?.ended ?? []) tellEnd(end, cli);
      const runs = options.dryRun === true || (await isStationUp(config));
      const words = waited
        ? waitSummary(outcome, waited)
        : copySummary(outcome, options.dryRun === true, runs);
      if (options.json) cli.stderr.write(signal.aborted ? `${words}\n` : '');
      else cli.stdout.write(`${words}\n`);
      signal.throwIfAborted();
      const isDelivered =
        !waited || (waited.open.length === 0 && waited.ended.every(({ end }) => end === 'delivered'));
      return outcome.failed === 0 && isDelivered;
    }),
  );
}

function selectionOf({
  recursive,
  include = [],
  exclude = [],
}: CopyCommandOptions): SelectionSetup | undefined {
  if (include.length + exclude.length === 0) return undefined;
  if (recursive !== true) throw new SluiceError('usage', '--include and --exclude belong to --recursive');
  for (const glob of [...include, ...exclude]) {
    const fault = globFault(glob);
    if (fault !== undefined) throw new SluiceError('usage', `the pattern "${glob}" ${fault}`);
  }
  return { include, exclude };
}

function timeoutOf({ timeout, wait }: CopyCommandOptions): number | undefined {
  if (timeout === undefined) return undefined;
  if (wait !== true) throw new SluiceError('usage', '--timeout belongs to --wait');
  const ms = parseDurationMs(timeout);
  if (ms === undefined || ms === 0)
    throw new SluiceError('usage', `--timeout takes a duration as 30s or 10m, not "${timeout}"`);
  return ms;
}

/** Nothing is copied that nobody would deliver while somebody waits for it. */
async function assertDelivered(
  config: Config,
  profile: string,
  cli: Cli,
  signal: AbortSignal,
): Promise<void> {
  try {
    await deliveringStation({ config, profile }, cli, signal);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const { code, message, hint, exitCode } = error;
    const without = exitCode === 1 ? ' Without --wait it is copied, and the next station delivers it.' : '';
    throw new SluiceError(code, `${message}; nothing was copied`, {
      cause: error,
      hint: `${hint}${without}`,
    });
  }
}

/** On a terminal the progress line says what happens. */
function logOf({ log }: Config, cli: Cli): Promise<Logger> | Logger {
  if (cli.stderr.isTTY === true) return silentLogger;
  const destination = { write: (text: string) => void cli.stderr.write(text) };
  return createLogger({ level: log.level, forPeople: false, destination });
}

function reporter(
  { json, dryRun }: CopyCommandOptions,
  { lines, progress }: { readonly lines: ProgressLines; readonly progress: CopyProgress },
  cli: Cli,
  log: CopyLog,
): (result: CopyResult, copied?: CopiedFile) => void {
  const style = styleFor(cli.stderr, cli.env);
  return (result, copied) => {
    const { source, profile, bucket, key } = result;
    if (copied) {
      const { recordId: record, durationMs } = copied;
      const ms = Math.round(durationMs * 10) / 10;
      log.copied({ source, profile, bucket, path: key, record, bytes: result.bytes, ms });
    }
    if (json) {
      cli.stdout.write(`${jsonText(result)}\n`);
      return;
    }
    const target = `s3://${profile}/${bucket}/${key}`;
    if (result.error !== undefined) {
      lines.end(PROGRESS);
      cli.stderr.write(`${style.bad('failed:')} ${printable(source)}\n  ${printable(result.error)}\n`);
    } else if (dryRun) {
      cli.stdout.write(`${printable(source)} → ${printable(target)}\n`);
    }
    progress.end(result.bytes, source, target);
  };
}

function logEnd({ id, end, record: known }: CopyEnd, log: CopyLog): void {
  if (end !== 'delivered' || !known) return;
  const { profile, bucket, filepath: path, size: bytes, verified } = known;
  log.delivered({ profile, bucket, path, record: id, bytes, verified });
}

function tellEnd({ id, end, record }: CopyEnd, cli: Cli): void {
  if (end === 'delivered') return;
  const style = styleFor(cli.stderr, cli.env);
  if (!record) {
    cli.stderr.write(`${style.bad('not delivered:')} the database no longer has record ${id}\n`);
    return;
  }
  const { profile, bucket, filepath, errorMessage, hold } = record;
  const stays =
    hold === 'bucket'
      ? '. It waits, and goes once the bucket is there'
      : hold === 'empty'
        ? 'it is empty, and waits until it has content'
        : '';
  const words = `${errorMessage ?? (stays === '' ? 'unknown' : '')}${stays}`;
  const target = `s3://${profile}/${bucket}/${filepath}`;
  cli.stderr.write(`${style.bad('not delivered:')} ${printable(target)}\n  ${printable(words)}\n`);
}

function copySummary(
  { copied, failed, excluded, isCut }: CopyOutcome,
  isRehearsal: boolean,
  runs: boolean,
): string {
  const who = runs ? 'the station' : 'the next station; none is running here';
  const verb = isRehearsal ? 'would be copied' : `copied, to be delivered by ${who}`;
  return `${cutWords(isCut)}${formatCount(copied, 'file')} ${verb}${failedWords(failed)}${excludedWords(excluded)}`;
}

function waitSummary({ failed, excluded, isCut }: CopyOutcome, { ended, open, why }: WaitOutcome): string {
  const count = (end: CopyEnd['end']): number => ended.filter(one => one.end === end).length;
  const lost = failed + count('failed') + count('forgotten');
  const waiting = count('waits') + open.length;
  const waits =
    waiting === 0
      ? ''
      : `, ${waiting.toLocaleString('en')} not delivered yet${why === undefined ? '' : `: ${why}`}`;
  const stopped = isCut || (open.length > 0 && why === undefined);
  return `${cutWords(stopped)}${formatCount(count('delivered'), 'file')} delivered${failedWords(lost)}${excludedWords(excluded)}${waits}`;
}

function cutWords(isCut: boolean): string {
  return isCut ? 'stopped: ' : '';
}

function excludedWords(excluded: number): string {
  return excluded === 0 ? '' : `, ${excluded.toLocaleString('en')} left out`;
}

function failedWords(failed: number): string {
  return failed === 0 ? '' : `, ${failed.toLocaleString('en')} failed`;
}
