import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import type { ObjectAddress } from '../../keep/buckets/bucket.ts';
import { type ExpectedObject, verifyObject } from '../../keep/buckets/checksum.ts';
import type { Acknowledged, Asking, Sent } from './upload/sending.ts';

/** Asks the store for an object that was sent, and compares what it says with what was sent. */
export class Verifier {
  readonly #clock: Clock;
  /** Profiles whose server answers no HEAD, and until when that is believed. */
  readonly #withoutHead = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * What was sent, and how far it is proven; not at all where there is no HEAD. May be called again.
   * @throws SluiceError checksum_mismatch: it is not what was sent; object_missing: it is not there, or not yet; or what
   *   the store throws, which says nothing of the object
   */
  async verify(asking: Asking, acknowledged: Acknowledged, expected: ExpectedObject): Promise<Sent> {
    const { store, record, settings, signal } = asking;
    const at = { bucket: record.bucket, key: acknowledged.key };
    const nowMs = this.#clock.nowMs();
    if ((this.#withoutHead.get(record.profile) ?? 0) > nowMs) return { ...acknowledged, verified: 'none' };
    try {
      // A folder as store would read the whole file again for the checksum, which it has just computed while writing.
      const checksum = store.limits.maxSinglePutBytes !== Number.POSITIVE_INFINITY;
      const head = await store.headObject(at, { signal, checksum });
      if (!head) throw notThere(at);
      const comparison = verifyObject(head, expected);
      if ('differs' in comparison) throw mismatch(at, comparison.differs);
      const isComputedInWriting = !checksum && acknowledged.crc32 !== null;
      return { ...acknowledged, verified: isComputedInWriting ? 'checksum' : comparison.agrees };
    } catch (error) {
      const code = error instanceof SluiceError ? error.code : undefined;
      if (code !== 'not_supported' && code !== 'access_denied') throw error;
      this.#withoutHead.set(record.profile, nowMs + settings.bucketCacheMs);
      return { ...acknowledged, verified: 'none' };
    }
  }
}

function notThere(at: ObjectAddress): SluiceError {
  const subject = `${at.bucket}/${at.key}`;
  return new SluiceError('object_missing', `${subject} was sent and acknowledged, and is not there (yet)`, {
    operation: 'verify',
    subject,
    answer: 'retry',
  });
}

function mismatch(at: ObjectAddress, words: string): SluiceError {
  const subject = `${at.bucket}/${at.key}`;
  return new SluiceError('checksum_mismatch', `${subject} did not arrive as it was sent: ${words}`, {
    operation: 'verify',
    subject,
  });
}
