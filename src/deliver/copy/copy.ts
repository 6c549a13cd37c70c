import { closeSync, fstatSync, openSync, rmSync } from 'node:fs';
import { dirname, join, relative as relativePath } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import { makeFolderSync } from '../../base/files/make-folder.ts';
import type { SelectionSetup } from '../../base/globs.ts';
import { Slots } from '../../base/slots.ts';
import { nearest } from '../../base/text.ts';
import { newWorkerId } from '../../engine/queue/worker-id.ts';
import { keyFault } from '../../keep/buckets/names.ts';
import { LOCAL_BUCKET, LOCAL_PROFILE } from '../../keep/buckets/profiles.ts';
import type { FileAddress, FileIdentity, Journal } from '../../keep/local/journal.ts';
import { sourceMissing } from '../attempt/upload/content.ts';
import type { Destination } from '../destinations.ts';
import { BucketCache } from '../queue/bucket-cache.ts';
import { copyFolder } from '../spool/copies.ts';
import { creationDateOf, identityOf, systemErrorCode } from '../spool/files.ts';
import { Spool } from '../spool/spool.ts';
import { copyContent } from './content.ts';
import { type CopyDestination, keyFor, parseDestination } from './destination.ts';
import { type CopySource, sourcesOf } from './sources.ts';

/** A line of `copy --json`. */
export interface CopyResult {
  readonly source: string;
  readonly profile: string;
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
  readonly error?: string;
}

/** What is copied, and with what. */
export interface CopyOptions {
  /** The station folder. */
  readonly root: string;
  readonly source: string;
  /** `s3://PROFILE/BUCKET/PATH`. */
  readonly destination: string;
  readonly recursive: boolean;
  /** Which files of a directory are copied; all where it is not given. */
  readonly selection?: SelectionSetup;
  /** Whether what the bucket holds already is recorded as delivered and not sent. */
  readonly adopts?: boolean;
  /** Names what would be copied and copies nothing. */
  readonly dryRun: boolean;
  /** Whether a file without content is refused; else it becomes an empty object, at once. */
  readonly refusesEmpty: boolean;
  readonly destinations: readonly Destination[];
  readonly journal: Journal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** `copied` absent: it failed, or nothing was to be copied. */
  readonly onResult: (result: CopyResult, copied?: CopiedFile) => void;
  /** Called with the path of each file that `selection` leaves out. */
  readonly onExcluded?: (source: string) => void;
  /** Called while a file is copied, with how many bytes more are there and what is copied. */
  readonly onBytes?: (bytes: number, source: string) => void;
}

/** What is known of a file that was copied, beyond its result. */
export interface CopiedFile {
  /** Of its record. */
  readonly recordId: number;
  readonly durationMs: number;
}

/** How many files were copied, and how many were not. */
export interface CopyOutcome {
  readonly copied: number;
  readonly failed: number;
  /** Files that `selection` left out. */
  readonly excluded: number;
  /** Records of the files copied, for `waitForDelivery`. */
  readonly records: readonly number[];
  /** Whether the signal ended it before all were copied. */
  readonly isCut: boolean;
}

/**
 * Files that are copied at once. Each waits for a group of the journal, its own flush, one of its folder and the journal
 * again: they share those, and the more there are, the fewer there are of them.
 */
const AT_ONCE = 128;
/** Of files from this size on, which take buffers of some size, fewer go at once. */
const MIDDLING = { bytes: 64 * 1024, atOnce: 16 };
/** Files from this size on are copied one after the other, beside small ones. */
const LARGE = { bytes: 8 * 2 ** 20, atOnce: 1 };
/** Times that a file is copied again which changed, or whose copy was swept away by a starting station elsewhere. */
const TRIES = 3;

/**
 * Copies a file or a directory into the spool: into `incoming_tmp`, and when a file is complete and on the disk,
 * renamed to the same place in `incoming`. Works beside a running station and without one. A file that fails is
 * reported through `onResult` and does not stop the others.
 * @throws SluiceError usage or destination_invalid before anything is copied, or the signal's reason
 */
export async function copyIntoSpool(options: CopyOptions): Promise<CopyOutcome> {
  const destination = parseDestination(options.destination);
  await assertKnown(destination, options);
  const { name, files } = sourcesOf(options.source, options.recursive, options.selection);
  const spool = new Spool(options.root);
  const worker = newWorkerId();
  const folder = copyFolder(spool, destination, worker);
  const outcome = { copied: 0, failed: 0, excluded: 0, records: [] as number[], isCut: false };
  const large = new Slots(LARGE.atOnce);
  const middling = new Slots(MIDDLING.atOnce);
  const copy = async (source: CopySource): Promise<void> => {
    if ('isExcluded' in source) {
      outcome.excluded += 1;
      options.onExcluded?.(source.path);
      return;
    }
    const relative = 'relative' in source ? source.relative : null;
    const key = keyFor(destination, name, relative);
    const shown = { source: source.path, profile: destination.profile, bucket: destination.bucket, key };
    const bytes = 'size' in source ? source.size : 0;
    const one = async (): Promise<void> => {
      options.signal.throwIfAborted();
      const startMs = options.clock.monotonicMs();
      const recordId = await copyOne(options, spool, folder, destination, source, key);
      const durationMs = options.clock.monotonicMs() - startMs;
      outcome.copied += 1;
      if (recordId === undefined) options.onResult({ ...shown, bytes });
      else {
        outcome.records.push(recordId);
        options.onResult({ ...shown, bytes }, { recordId, durationMs });
      }
    };
    try {
      if (bytes < MIDDLING.bytes) await one();
      else await (bytes < LARGE.bytes ? middling : large).run(one);
    } catch (error) {
      const known = asSluiceError(error, { operation: 'copy', subject: source.path });
      if (known.code === 'cancelled') outcome.isCut = true;
      else {
        outcome.failed += 1;
        options.onResult({ ...shown, bytes: 0, error: known.message });
      }
    }
  };
  const left = files[Symbol.asyncIterator]();
  const copyLeft = async (): Promise<void> => {
    while (!outcome.isCut) {
      const next = await left.next();
      if (next.done) return;
      if (options.signal.aborted) outcome.isCut = true;
      else await copy(next.value);
    }
  };
  try {
    const ended = await Promise.allSettled(Array.from({ length: options.dryRun ? 1 : AT_ONCE }, copyLeft));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    return outcome;
  } finally {
    await left.return?.();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The profile must be there, and the bucket, if that can be asked. */
async function assertKnown({ profile, bucket }: CopyDestination, options: CopyOptions): Promise<void> {
  const { destinations, clock, signal } = options;
  const wanted = destinations.find(one => one.profile === profile);
  if (!wanted) {
    const known = destinations.map(one => one.profile).join(', ');
    const near = nearest(
      profile,
      destinations.map(one => one.profile),
    );
    // Who names the bucket first has most likely left the profile out.
    const meant = near ?? (profile === LOCAL_BUCKET ? `${LOCAL_PROFILE}/${profile}` : undefined);
    throw new SluiceError('destination_invalid', `there is no profile "${profile}"; known here: ${known}`, {
      subject: options.destination,
      hint:
        meant === undefined
          ? undefined
          : `Did you mean "${options.destination.replace(`://${profile}`, `://${meant}`)}"?`,
    });
  }
  const cache = new BucketCache({ clock, keepMs: 1000, keepMissingMs: 1000 });
  let exists: boolean;
  try {
    exists = await cache.exists(wanted, bucket, signal);
  } catch (error) {
    if (asSluiceError(error).code === 'cancelled') throw error;
    // It cannot be asked now; the station will find out when it delivers.
    return;
  }
  if (!exists)
    throw new SluiceError('destination_invalid', `profile "${profile}" has no bucket "${bucket}"`, {
      subject: options.destination,
      hint: `Make it first, or see with "sluice doctor ${profile}" which there are.`,
    });
}

/** @returns the record's id; undefined in a dry run */
async function copyOne(
  options: CopyOptions,
  spool: Spool,
  folder: string,
  { profile, bucket }: CopyDestination,
  source: Exclude<CopySource, { isExcluded: true }>,
  key: string,
): Promise<number | undefined> {
  if ('problem' in source) throw new SluiceError('usage', `${source.path} is skipped: ${source.problem}`);
  const fault = keyFault(key);
  if (fault !== undefined)
    throw new SluiceError(
      'key_invalid',
      `${source.path}: the key ${JSON.stringify(key)} cannot be stored: ${fault}`,
    );
  if (options.dryRun) return undefined;
  const address = { profile, bucket, filepath: key };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await copyOnce(options, spool, join(folder, key), address, source);
    } catch (error) {
      const isPassing = ['source_changed', 'ENOENT'].includes(systemErrorCode(error));
      if (!isPassing || attempt >= TRIES) throw error;
    }
  }
}

async function copyOnce(
  { journal, clock, signal, refusesEmpty, adopts, onBytes }: CopyOptions,
  spool: Spool,
  temporary: string,
  address: FileAddress,
  source: Extract<CopySource, { open: unknown }>,
): Promise<number> {
  const file = source.open();
  if (!file) throw sourceMissing(source.path);
  let target: number | undefined;
  let isHandedOver = false;
  try {
    if (refusesEmpty && file.stats.size === 0)
      throw new SluiceError('usage', `${source.path} is empty, and deliver.emptyCopies refuses empty files`);
    target = openNew(temporary);
    if (spool.isAway()) makeFolderSync(spool.areaPath('incoming'));
    const made = fstatSync(target);
    const identity = { ...identityOf(made), size: file.stats.size };
    const fileCreationDate = creationDateOf(made);
    const entering = { ...address, ...identity, fileCreationDate, nextAttemptAtMs: null, hold: null };
    const record = await journal.enter({ ...entering, state: 'incoming_tmp', copied: true, adopts });
    let copied: FileIdentity;
    try {
      await copyContent(file, target, signal, bytes => onBytes?.(bytes, source.path));
      copied = identityOf(fstatSync(target));
      handOver(spool, temporary, address);
      isHandedOver = true;
    } catch (error) {
      // It never came here whole, and is none that failed. Where the journal cannot say so, the next start does.
      await journal.withdraw(record.id).catch(() => undefined);
      throw error;
    }
    closeSync(target);
    target = undefined;
    file.close();
    await spool.flushWay('incoming', address);
    await journal.changeIf(record.id, 'incoming_tmp', {
      ...copied,
      state: 'incoming',
      nextAttemptAtMs: clock.nowMs(),
    });
    return record.id;
  } finally {
    if (target !== undefined) closeSync(target);
    file.close();
    if (!isHandedOver) rmSync(temporary, { force: true });
  }
}

/** Makes a file that was not there and opens it; its folder is there already but for the first file in it. */
function openNew(path: string): number {
  try {
    return openSync(path, 'wx+');
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  makeFolderSync(dirname(path));
  return openSync(path, 'wx+');
}

/** One rename. Replaces a file of that name that nobody has taken yet, as `cp` does. */
function handOver(spool: Spool, temporary: string, address: FileAddress): void {
  const result = spool.hand(relativePath(spool.areaPath('incoming_tmp'), temporary), address);
  if (result === 'moved') return;
  const target = spool.pathOf('incoming', address);
  if (result === 'gone')
    throw Object.assign(new Error(`ENOENT: ${temporary} was swept away`), {
      code: 'ENOENT',
      path: temporary,
    });
  throw new SluiceError('disk_failed', `something is in the way at ${target}`, {
    operation: 'copy',
    subject: target,
  });
}
