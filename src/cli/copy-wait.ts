/** The waiting of `copy --wait`: which station delivers, what it waits for, and how it ended, in words. */
import { realpathSync } from 'node:fs';
import { asSluiceError, SluiceError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import type { Config } from '../config/schema.ts';
import { type CopyEnd, type CopyWait, waitForDelivery } from '../deliver/copy/wait.ts';
import type { Journal } from '../keep/local/journal.ts';
import type { StationStatus } from '../station/status/status.ts';
import type { Cli } from './cli.ts';
import { progressInWords, SHOWN_EVERY_MS } from './progress.ts';
import { askStation, isStationUp } from './station-client.ts';
import { type ProgressLines, printable, styleFor } from './terminal.ts';

/** How long the station may take to say how it is. */
const ASK_TIMEOUT_MS = 5_000;
const ASK_EVERY_MS = 2_000;
/** So long a station may be away, as for a restart, before nobody waits for it any more. */
const ABSENCE_MS = 5_000;
/** Files whose next try is told of. */
const RETRIES_LOOKED_AT = 200;

/** What is waited for. */
export interface WaitedFor {
  readonly config: Config;
  readonly profile: string;
  readonly bucket: string;
  /** Where the profile delivers to, as the station names it. */
  readonly endpoint: string;
}

/**
 * The status of the station that will deliver what is copied there. Throws `not_found` where none runs, `usage` for one
 * that works on another database or folder, `destination_invalid` for one that does not know the profile: none of them
 * would ever deliver it; or what the station says.
 */
export async function deliveringStation(
  { config, profile }: Pick<WaitedFor, 'config' | 'profile'>,
  cli: Cli,
  signal: AbortSignal,
): Promise<StationStatus> {
  const status = await statusOf(config, cli, signal);
  const { database, root } = status.station;
  const { directory, profiles } = status.deliveries;
  const elsewhere = (what: string, its: string, ours: string, option: string): SluiceError =>
    new SluiceError('usage', `the station on ${root} works on the ${what} ${its}, not on ${ours}`, {
      hint: `Give ${option} as the station has it, or the same --config.`,
    });
  if (!isSamePath(database, config.database))
    throw elsewhere('database', database, config.database, '--database');
  if (!isSamePath(directory, config.deliver.directory))
    throw elsewhere('delivery folder', directory, config.deliver.directory, '--server-directory');
  if (!profiles.includes(profile)) {
    const known = profiles.join(', ');
    throw new SluiceError(
      'destination_invalid',
      `the station on ${root} has no profile "${profile}", only ${known}`,
      {
        hint: 'Start it with the credentials file that has the profile.',
      },
    );
  }
  return status;
}

/**
 * Throws `usage` where the station that takes files from this very folder keeps another database: what is copied would
 * be on record where nobody looks, and an empty file would wait for ever. Where none answers there is nothing to say.
 */
export async function assertSameDatabase(config: Config, cli: Cli, signal: AbortSignal): Promise<void> {
  if (!(await isStationUp(config))) return;
  // A station that cannot tell keeps nobody from copying: whatever lies in its folder it finds.
  const status = await statusOf(config, cli, signal).catch(() => undefined);
  signal.throwIfAborted();
  if (!status || !isSamePath(status.deliveries.directory, config.deliver.directory)) return;
  const { database, root } = status.station;
  if (isSamePath(database, config.database)) return;
  const message = `the station on ${root} works on the database ${database}, not on ${config.database}; nothing was copied`;
  throw new SluiceError('usage', message, {
    hint: 'Give --database as the station has it, or the same --config.',
  });
}

async function statusOf(config: Config, cli: Cli, signal: AbortSignal): Promise<StationStatus> {
  const patience = new AbortController();
  const cancel = cli.clock.timer(ASK_TIMEOUT_MS, () =>
    patience.abort(new SluiceError('host_unreachable', `the station on ${config.root} does not answer`)),
  );
  try {
    const both = AbortSignal.any([signal, patience.signal]);
    return await askStation(config, 'getStatus', {}, both);
  } finally {
    cancel();
  }
}

function isSamePath(a: string, b: string): boolean {
  return a === b || real(a) === real(b);
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** How the waiting went, and why it ended before all had: out of patience, or nobody delivers any more. */
export interface WaitOutcome extends CopyWait {
  readonly why: string | undefined;
}

/**
 * Waits until all have ended, `signal` aborts, `timeoutMs` is over, or no station is there that delivers them;
 * meanwhile it says on standard error for what they wait.
 */
export async function waitForCopies(
  ids: readonly number[],
  options: {
    readonly about: WaitedFor;
    readonly journal: Journal;
    readonly timeoutMs: number | undefined;
    readonly lines: ProgressLines;
    readonly task: string;
    readonly cli: Cli;
    readonly signal: AbortSignal;
    readonly onEnd: (end: CopyEnd) => void;
  },
): Promise<WaitOutcome> {
  const { about, journal, timeoutMs, lines, task, cli, signal, onEnd } = options;
  const { clock } = cli;
  const enough = new AbortController();
  let why: string | undefined;
  const giveUp = (words: string): void => {
    why ??= words;
    enough.abort();
  };
  const cancel =
    timeoutMs === undefined
      ? undefined
      : clock.timer(timeoutMs, () => giveUp('the time of --timeout is over'));
  const both = AbortSignal.any([signal, enough.signal]);
  const open = new Set(ids);
  const startMs = clock.monotonicMs();
  let shownMs = Number.NEGATIVE_INFINITY;
  const progress = (): void => {
    const nowMs = clock.monotonicMs();
    if (nowMs - shownMs < SHOWN_EVERY_MS && open.size > 0) return;
    shownMs = nowMs;
    const elapsedMs = nowMs - startMs;
    const done = ids.length - open.size;
    lines.set(task, `${progressInWords({ noun: 'files', done, total: ids.length, elapsedMs })}: delivering`);
  };
  progress();
  const watch = watchStation({ about, journal, open, lines, cli, signal: both, giveUp }).catch(error => {
    if (!both.aborted) giveUp(asSluiceError(error).message);
  });
  try {
    const waited = await waitForDelivery({
      journal,
      ids,
      clock,
      signal: both,
      onEnd: end => {
        open.delete(end.id);
        onEnd(end);
        progress();
      },
    });
    return { ...waited, why: waited.open.length === 0 ? undefined : why };
  } finally {
    cancel?.();
    enough.abort();
    await watch;
  }
}

/** Asks the station again and again, and tells each reason to wait once. */
async function watchStation(options: {
  readonly about: WaitedFor;
  readonly journal: Journal;
  readonly open: ReadonlySet<number>;
  readonly lines: ProgressLines;
  readonly cli: Cli;
  readonly signal: AbortSignal;
  readonly giveUp: (words: string) => void;
}): Promise<void> {
  const { about, journal, open, lines, cli, signal, giveUp } = options;
  const reported = new Set<string>();
  let seenMs = cli.clock.monotonicMs();
  while (!signal.aborted) {
    let reasons: readonly Reason[] = [];
    try {
      const status = await deliveringStation(about, cli, signal);
      seenMs = cli.clock.monotonicMs();
      reasons = reasonsToWait(status, about, retriesOf(journal, open));
    } catch (error) {
      if (signal.aborted) return;
      const { message } = asSluiceError(error);
      if (cli.clock.monotonicMs() - seenMs > ABSENCE_MS) return giveUp(message);
      reasons = [{ key: 'station', words: message }];
    }
    for (const { key, words } of reasons) {
      if (reported.has(key)) continue;
      reported.add(key);
      lines.clear();
      const style = styleFor(cli.stderr, cli.env);
      const how = 'Ctrl-C ends the waiting, and so does --timeout; the station goes on.';
      cli.stderr.write(`${style.bold('waiting:')} ${printable(words)}\n  ${how}\n`);
    }
    const keys = new Set(reasons.map(({ key }) => key));
    for (const key of reported) if (!keys.has(key)) reported.delete(key);
    await cli.clock.sleep(ASK_EVERY_MS, signal).catch(() => undefined);
  }
}

/** Why files wait; told anew when its key is another. */
export interface Reason {
  readonly key: string;
  readonly words: string;
}

/** Files that are tried again later, as far as was looked. */
export interface Retries {
  readonly files: number;
  readonly example: string | undefined;
}

function retriesOf(journal: Pick<Journal, 'byId'>, open: ReadonlySet<number>): Retries {
  let files = 0;
  let example: string | undefined;
  for (const id of [...open].slice(0, RETRIES_LOOKED_AT)) {
    const record = journal.byId(id);
    if (!record || record.errorMessage === null) continue;
    files += 1;
    example ??= record.errorMessage;
  }
  return { files, example };
}

/** What a station's status says of why files for a bucket do not go. Pure. */
export function reasonsToWait(
  { holds, deliveries }: Pick<StationStatus, 'holds' | 'deliveries'>,
  { profile, bucket, endpoint }: Pick<WaitedFor, 'profile' | 'bucket' | 'endpoint'>,
  retries: Retries,
): Reason[] {
  const places = [endpoint, profile, `${profile}/${bucket}`, deliveries.directory];
  const reasons = holds
    .filter(({ place }) => places.includes(place))
    .map(({ kind, place, files, message, hint }) => ({
      key: `${kind} ${place}`,
      words: `${formatCount(files, 'file')} wait${files === 1 ? 's' : ''} for the ${kind} ${place}: ${message}. ${hint}`,
    }));
  if (!deliveries.syncing) {
    const words =
      'the station sends nothing by itself now: sync.automatic is off, or its gate is shut. "sluice sync now" sends';
    reasons.push({ key: 'not syncing', words });
  }
  if (reasons.length === 0 && retries.files > 0) {
    const words = `${formatCount(retries.files, 'file')} will be tried again: ${retries.example}`;
    reasons.push({ key: 'retries', words });
  }
  return reasons;
}
