import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import type { ObjectAddress, PutResult } from '../../keep/buckets/bucket.ts';
import { type ExpectedObject, verifyObject } from '../../keep/buckets/checksum.ts';
import type { FileIdentity } from '../../keep/local/journal.ts';
import type { Sending, Sent } from './upload/sending.ts';

/** Asks the store for an object that was sent, and compares what it says with what was sent. */
export class Verifier {
  readonly #clock: Clock;
  /** Profiles whose server answers no HEAD, and until when that is believed. */
  readonly #withoutHead = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * What was sent, and how far it is proven; not at all where there is no HEAD.
   * @throws SluiceError checksum_mismatch; or what the store throws
   */
  async verify(
    sending: Sending,
    at: ObjectAddress,
    identity: FileIdentity,
    result: PutResult,
    expected: ExpectedObject,
  ): Promise<Sent> {
    const { store, record, settings, signal } = sending;
    const crc32 = expected.crc32 ?? result.crc32 ?? null;
    const sent: Sent = { key: at.key, etag: result.etag, crc32, identity, verified: 'none' };
    const nowMs = this.#clock.nowMs();
    if ((this.#withoutHead.get(record.profile) ?? 0) > nowMs) return sent;
    try {
      // A folder as store would read the whole file again for the checksum, which it has just computed while writing.
      const checksum = store.limits.maxSinglePutBytes !== Number.POSITIVE_INFINITY;
      const head = await store.headObject(at, { signal, checksum });
      if (!head) throw mismatch(at, 'it is not there after it was sent');
      const comparison = verifyObject(head, expected);
      if ('differs' in comparison) throw mismatch(at, comparison.differs);
      if ('open' in comparison) return sent;
      const isComputedInWriting = !checksum && result.crc32 !== undefined && result.crc32 === expected.crc32;
      return { ...sent, verified: isComputedInWriting ? 'checksum' : comparison.agrees };
    } catch (error) {
      const code = error instanceof SluiceError ? error.code : undefined;
      if (code !== 'not_supported' && code !== 'access_denied') throw error;
      this.#withoutHead.set(record.profile, nowMs + settings.bucketCacheMs);
      return sent;
    }
  }
}

function mismatch(at: ObjectAddress, words: string): SluiceError {
  const subject = `${at.bucket}/${at.key}`;
  return new SluiceError('checksum_mismatch', `${subject} did not arrive as it was sent: ${words}`, {
    operation: 'verify',
    subject,
  });
}
