import type { Stats } from 'node:fs';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type {
  MultipartUpload,
  ObjectAddress,
  ObjectProperties,
  ObjectStore,
  PutResult,
  UploadedPart,
} from '../../../keep/buckets/bucket.ts';
import { type ExpectedObject, wholeCrc32 } from '../../../keep/buckets/checksum.ts';
import { isCompleted } from '../../../keep/buckets/prove.ts';
import type { FileIdentity, Journal, UnfinishedUpload } from '../../../keep/local/journal.ts';
import { sameIdentity } from '../../spool/files.ts';
import { assertStillSame, crc32OfRange } from './content.ts';
import type { Sending } from './sending.ts';

/** A large file on its way to the object `at`, with what was seen of it at the beginning. */
export interface SendingInParts extends Sending {
  readonly at: ObjectAddress;
  readonly identity: FileIdentity;
  readonly ctimeMs: number;
  readonly properties: ObjectProperties;
  readonly journal: Journal;
  readonly clock: Clock;
}

export interface SentInParts {
  readonly result: PutResult;
  readonly expected: ExpectedObject;
  /** Of the file after the last part. */
  readonly stats: Stats;
}

interface Progress {
  readonly upload: MultipartUpload;
  readonly partBytes: number;
  /** Parts that the store holds, by number. */
  readonly parts: Map<number, UploadedPart>;
}

const MIB = 2 ** 20;

/** Bytes a part: the one wanted, unless the object would then have too many. */
export function partBytesFor(size: number, wantedBytes: number, limits: ObjectStore['limits']): number {
  const least = Math.ceil(size / limits.maxParts / MIB) * MIB;
  return Math.min(Math.max(wantedBytes, limits.minPartBytes, least), limits.maxPartBytes);
}

/**
 * Sends a large file in parts, several at once. The store reads each part from the file block by block, so memory is
 * `partsAtOnce` × its blocks whatever the file's size. Each part that arrived is a row: after a failure or a restart
 * the next call goes on with the missing ones. The object becomes visible in one step, and only if the file has not
 * changed. Its rows stay until it is proven; after a run that was cut off between, the object itself tells.
 */
export async function sendInParts(sending: SendingInParts): Promise<SentInParts> {
  const { store, journal, record, file, at, signal } = sending;
  const progress = (await resume(sending)) ?? (await begin(sending));
  await sendMissing(sending, progress);
  const parts = [...progress.parts.values()].toSorted((a, b) => a.partNumber - b.partNumber);
  const crc32 = wholeCrc32(parts);
  let stats: Stats;
  try {
    stats = await assertStillSame(file, sending, crc32, signal);
  } catch (error) {
    const unfinished = journal.upload(record.id);
    const isChanged = error instanceof SluiceError && error.code === 'source_changed';
    if (isChanged && unfinished) await abandonUpload(sending, unfinished);
    throw error;
  }
  const expected = { size: stats.size, parts, crc32 };
  try {
    const result = await store.completeUpload(progress.upload, parts, { signal });
    // Its parts stay on record until it is proven: what servers show of it is made of their checksums.
    return { result, expected, stats };
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'upload_missing') throw error;
    // The upload is gone, or it was completed and the answer got lost: the object shows which.
    const etag = await etagIfThere(sending, at, expected);
    if (etag === undefined) {
      await journal.dropUpload(record.id);
      throw error;
    }
    return { result: { etag, crc32 }, expected, stats };
  }
}

/**
 * The ETag of the object, where it is certainly this one. A question that cannot be answered is no answer.
 * @throws SluiceError what the store throws, save that it has no HEAD
 */
async function etagIfThere(
  { store, signal, journal, record, properties }: SendingInParts,
  at: ObjectAddress,
  expected: ExpectedObject,
): Promise<string | undefined> {
  const startedAtMs = journal.upload(record.id)?.startedAtMs ?? 0;
  const mtime = properties.metadata?.mtime ?? '';
  try {
    const head = await store.headObject(at, { signal, checksum: true });
    return head && isCompleted(head, expected, { startedAtMs, mtime }) ? head.etag : undefined;
  } catch (error) {
    const code = error instanceof SluiceError ? error.code : undefined;
    if (code === 'not_supported' || code === 'access_denied') return undefined;
    throw error;
  }
}

/** An upload whose row has no id yet: it may have been begun at the store, or not. */
const INTENDED = '';
/** The store's clock and this one may differ by so much unnoticed when uploads of a crashed run are looked for. */
const CLOCK_TOLERANCE_MS = 15 * 60_000;

async function begin(sending: SendingInParts): Promise<Progress> {
  const { store, at, properties, signal, journal, record, identity, settings, clock } = sending;
  const partBytes = partBytesFor(identity.size, settings.partBytes, store.limits);
  const unfinished = { recordId: record.id, partBytes, startedAtMs: storeNowMs(store, clock), ...identity };
  // A crash between the store's answer and its row would leave an upload that nobody knows; the intention is known.
  const intended: UnfinishedUpload = { ...unfinished, upload: { ...at, uploadId: INTENDED }, parts: [] };
  await journal.saveUpload(intended);
  const create = (): Promise<MultipartUpload> => store.createUpload(at, { ...properties, signal });
  const upload = await create().catch(async error => {
    // Nothing has begun.
    if (error instanceof SluiceError && error.code === 'not_supported') await journal.dropUpload(record.id);
    // A connection that had died is no failed try; what was begun over it all the same must not stay.
    if (!(error instanceof SluiceError) || error.code !== 'connection_lost') throw error;
    await abortIntended(sending, intended);
    return create();
  });
  const { bucket, key, uploadId } = upload;
  await journal.saveUpload({ ...unfinished, upload: { bucket, key, uploadId } });
  return { upload, partBytes, parts: new Map() };
}

/** The time by the store's clock, to which the times that it shows are compared. */
function storeNowMs(store: Pick<ObjectStore, 'clockOffsetMs'>, clock: Pick<Clock, 'nowMs'>): number {
  return clock.nowMs() + (store.clockOffsetMs?.() ?? 0);
}

/** Aborts what a run that was cut off may have begun for that key; where uploads cannot be listed they stay. */
async function abortIntended(
  { store, signal }: Pick<SendingInParts, 'store' | 'signal'>,
  unfinished: UnfinishedUpload,
): Promise<void> {
  const { bucket, key } = unfinished.upload;
  try {
    for (const pending of await store.listUploads(bucket, { prefix: key, signal })) {
      const isIntended =
        pending.key === key && pending.initiatedMs >= unfinished.startedAtMs - CLOCK_TOLERANCE_MS;
      if (isIntended) await store.abortUpload(pending, { signal });
    }
  } catch (error) {
    const mayNot =
      error instanceof SluiceError &&
      ['access_denied', 'not_supported', 'request_refused'].includes(error.code);
    if (!mayNot) throw error;
  }
}

/**
 * Aborts an upload that is in the journal and will not go on, and forgets it. Throws what the store throws; it may be
 * called again.
 */
export async function abandonUpload(
  sending: Pick<SendingInParts, 'store' | 'signal' | 'journal'>,
  unfinished: UnfinishedUpload,
): Promise<void> {
  if (unfinished.upload.uploadId === INTENDED) await abortIntended(sending, unfinished);
  else await sending.store.abortUpload(unfinished.upload, { signal: sending.signal });
  await sending.journal.dropUpload(unfinished.recordId);
}

/** The upload that was begun for this content, with the parts that both the journal and the store know. */
async function resume(sending: SendingInParts): Promise<Progress | undefined> {
  const { store, at, journal, record, identity, signal } = sending;
  const unfinished = journal.upload(record.id);
  if (!unfinished) return undefined;
  const isThis =
    unfinished.upload.key === at.key &&
    unfinished.upload.bucket === at.bucket &&
    unfinished.size === identity.size;
  if (!isThis || unfinished.upload.uploadId === INTENDED) {
    await abandonUpload(sending, unfinished);
    return undefined;
  }
  try {
    const stored = new Map(
      (await store.listParts(unfinished.upload, { signal })).map(part => [part.partNumber, part]),
    );
    const both = unfinished.parts.filter(part => {
      const atStore = stored.get(part.partNumber);
      return atStore?.etag === part.etag && atStore.size === part.size;
    });
    const same = sameIdentity(unfinished, identity)
      ? both
      : await sameParts(sending, unfinished.partBytes, both);
    return {
      upload: unfinished.upload,
      partBytes: unfinished.partBytes,
      parts: new Map(same.map(part => [part.partNumber, part])),
    };
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'upload_missing') throw error;
    const { upload, partBytes, parts } = unfinished;
    // All of it had arrived: it may have been completed, and completing it once more shows that.
    if (parts.reduce((sum, { size }) => sum + size, 0) === identity.size)
      return { upload, partBytes, parts: new Map(parts.map(part => [part.partNumber, part])) };
    await journal.dropUpload(record.id);
    return undefined;
  }
}

/** The parts that hold what the file holds: its size is the same, and what else tells contents apart is in doubt. */
async function sameParts(
  { file, signal }: SendingInParts,
  partBytes: number,
  parts: readonly UploadedPart[],
): Promise<UploadedPart[]> {
  const same: UploadedPart[] = [];
  for (const part of parts) {
    const from = (part.partNumber - 1) * partBytes;
    if ((await crc32OfRange(file, from, part.size, signal)) === part.crc32) same.push(part);
  }
  return same;
}

async function sendMissing(sending: SendingInParts, { upload, partBytes, parts }: Progress): Promise<void> {
  const { store, file, identity, settings, journal, record, pace, onProgress } = sending;
  const count = Math.max(1, Math.ceil(identity.size / partBytes));
  const missing = Array.from({ length: count }, (_, index) => index + 1).filter(number => !parts.has(number));
  const failed = new AbortController();
  const signal = AbortSignal.any([sending.signal, failed.signal]);
  const saving: Promise<void>[] = [];
  const fail = (error: unknown): void => {
    // The others stop, and the first failure is the one that counts.
    if (!failed.signal.aborted) failed.abort(error);
  };
  const worker = async (): Promise<void> => {
    for (let number = missing.shift(); number !== undefined; number = missing.shift()) {
      signal.throwIfAborted();
      const offset = (number - 1) * partBytes;
      const size = Math.min(partBytes, identity.size - offset);
      const source = { path: file.path, file, offset, size };
      const part = await store.uploadPart(upload, number, source, { signal, pace, onProgress });
      parts.set(number, part);
      // Not waited for: a part whose row is lost with the power is sent again. The upload is completed after all rows
      // are there.
      saving.push(journal.savePart(record.id, part).catch(fail));
    }
  };
  const workers = Array.from({ length: Math.min(settings.partsAtOnce, missing.length) }, () =>
    worker().catch(fail),
  );
  await Promise.all(workers);
  await Promise.all(saving);
  if (failed.signal.aborted) throw failed.signal.reason;
  sending.signal.throwIfAborted();
}
