import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { ObjectAddress, PutResult } from '../../../keep/buckets/bucket.ts';
import { crc32Of, type ExpectedObject, isProven, verifyObject } from '../../../keep/buckets/checksum.ts';
import type { FileIdentity, Journal } from '../../../keep/local/journal.ts';
import { destinationFor } from '../../settings.ts';
import { identityOf, regularFile, sameIdentity } from '../../spool/spool.ts';
import { sendInParts } from './parts.ts';
import { keyOf, propertiesOf } from './properties.ts';
import { changed, missing, readWhole } from './read-whole.ts';
import type { Sending, Sent } from './sending.ts';

export interface UploaderOptions {
  readonly journal: Journal;
  readonly clock: Clock;
}

/** A file that changes under the upload is sent again at once this often, then later (S9). */
const CHANGED_TRIES = 3;

/** Sends one file and verifies that it arrived (F40–F42, S8–S10). Tries once; when to try again is the engine's to decide. */
export class Uploader {
  readonly #options: UploaderOptions;
  /** Profiles whose server answers no HEAD, and until when that is believed. */
  readonly #headless = new Map<string, number>();

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  /** Throws what ObjectStore's methods throw, source_changed, source_missing. */
  async send(sending: Sending): Promise<Sent> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#sendOnce(sending, attempt === 1 ? sending.seen : undefined);
      } catch (error) {
        const again =
          error instanceof SluiceError && error.code === 'source_changed' && attempt < CHANGED_TRIES;
        if (!again || sending.signal.aborted) throw error;
      }
    }
  }

  async #sendOnce(sending: Sending, seen: FileIdentity | undefined): Promise<Sent> {
    const { settings, record, path, store } = sending;
    const identity = seen ?? identityAt(path);
    const destination = destinationFor(settings, record.profile, record.bucket);
    const at = { bucket: record.bucket, key: sending.key ?? keyOf(record.filepath, destination) };
    const inParts =
      identity.size > settings.partsAboveBytes && store.limits.maxSinglePutBytes !== Number.POSITIVE_INFINITY;
    if (inParts) {
      const properties = propertiesOf(record.filepath, identity, destination);
      const { journal, clock } = this.#options;
      const done = await sendInParts({ ...sending, at, identity, properties, journal, clock });
      return this.#verified(sending, at, identity, done.result, done.expected);
    }
    if (identity.size > settings.partsAboveBytes) {
      const properties = propertiesOf(record.filepath, identity, destination);
      const result = await putUnchanged(sending, at, identity, properties);
      return this.#verified(sending, at, identity, result, expectedOf(identity.size, result.crc32));
    }
    const body = await readWhole(path, identity);
    const crc32 = crc32Of(body);
    const result = await store.putObject(
      at,
      { body },
      {
        ...propertiesOf(record.filepath, identity, destination, crc32),
        signal: sending.signal,
        onProgress: sending.onProgress,
      },
    );
    if (settings.verify === 'answer' && isProven(result, crc32, body))
      return { key: at.key, etag: result.etag, crc32, identity, verified: 'checksum' };
    return this.#verified(sending, at, identity, result, { size: identity.size, crc32 });
  }

  /** F41: what HEAD says against what was sent; only informational where there is no HEAD. */
  async #verified(
    sending: Sending,
    at: ObjectAddress,
    identity: FileIdentity,
    result: PutResult,
    expected: ExpectedObject,
  ): Promise<Sent> {
    const sent = { key: at.key, etag: result.etag, crc32: expected.crc32 ?? result.crc32 ?? null, identity };
    const { store, record, signal } = sending;
    const nowMs = this.#options.clock.nowMs();
    if ((this.#headless.get(record.profile) ?? 0) > nowMs) return { ...sent, verified: 'none' };
    try {
      // A folder as store would read the whole file again for the checksum, which it has just computed while writing.
      const checksum = store.limits.maxSinglePutBytes !== Number.POSITIVE_INFINITY;
      const head = await store.headObject(at, { signal, checksum });
      if (!head) throw mismatch(at, 'it is not there after it was sent');
      const verdict = verifyObject(head, expected);
      if ('differs' in verdict) throw mismatch(at, verdict.differs);
      const inWriting = !checksum && result.crc32 !== undefined && result.crc32 === expected.crc32;
      return { ...sent, verified: inWriting ? 'checksum' : verdict.agrees };
    } catch (error) {
      const code = error instanceof SluiceError ? error.code : undefined;
      if (code !== 'not_supported' && code !== 'access_denied') throw error;
      this.#headless.set(record.profile, nowMs + sending.settings.bucketCacheMs);
      return { ...sent, verified: 'none' };
    }
  }
}

function identityAt(path: string): FileIdentity {
  const stats = regularFile(path);
  if (!stats) throw missing(path);
  return identityOf(stats);
}

function expectedOf(size: number, crc32: string | undefined): ExpectedObject {
  return { size, ...(crc32 === undefined ? {} : { crc32 }) };
}

/**
 * A large file to a store without parts. The store makes the object visible after the last byte has passed: a file that has
 * changed by then is given up before.
 */
async function putUnchanged(
  sending: Sending,
  at: ObjectAddress,
  identity: FileIdentity,
  properties: ReturnType<typeof propertiesOf>,
): Promise<PutResult> {
  const { store, path, signal, onProgress } = sending;
  const torn = new AbortController();
  const isSame = (): boolean => {
    const stats = regularFile(path);
    return stats !== undefined && sameIdentity(identityOf(stats), identity);
  };
  let passed = 0;
  try {
    const result = await store.putObject(
      at,
      { path, size: identity.size },
      {
        ...properties,
        signal: AbortSignal.any([signal, torn.signal]),
        onProgress: bytes => {
          passed += bytes;
          onProgress(bytes);
          if (passed >= identity.size && !isSame()) torn.abort(changed(path));
        },
      },
    );
    if (!isSame()) throw changed(path);
    return result;
  } catch (error) {
    if (torn.signal.aborted) throw changed(path);
    throw error;
  }
}

function mismatch(at: ObjectAddress, words: string): SluiceError {
  const subject = `${at.bucket}/${at.key}`;
  return new SluiceError('checksum_mismatch', `${subject} did not arrive as it was sent: ${words}`, {
    operation: 'verify',
    subject,
  });
}
