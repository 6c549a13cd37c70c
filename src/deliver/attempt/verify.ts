import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import type { ExpectedObject } from '../../keep/buckets/checksum.ts';
import { proveObject } from '../../keep/buckets/prove.ts';
import { ListedProofs } from './listed-proofs.ts';
import type { Acknowledged, Asking, Sent } from './upload/sending.ts';

/** Asks the store for an object that was sent, and compares what it says with what was sent. */
export class Verifier {
  readonly #clock: Clock;
  /** Buckets whose server answers no question about an object, and until when that is believed. */
  readonly #withoutHead = new Map<string, number>();

  readonly #listed: ListedProofs;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#listed = new ListedProofs(clock);
  }

  /** A record is being sent: its proof may be one of many. Ended by `verify`, or by `notSent`. */
  sending(asking: Asking): void {
    this.#listed.sending(asking);
  }

  /** There will be nothing to prove. */
  notSent(asking: Asking): void {
    this.#listed.sent(asking);
  }

  /**
   * What was sent, and how far it is proven: by the bucket's listing where many are sent to it, by asking, and where no
   * question is answered, by the acknowledgement. May be called again.
   * @throws SluiceError as proveObject, save for what the server does not offer or permit
   */
  async verify(asking: Asking, acknowledged: Acknowledged, expected: ExpectedObject): Promise<Sent> {
    const { store, record, settings, signal } = asking;
    const { key, etag, isAnswered = false } = acknowledged;
    const object = { at: { bucket: record.bucket, key }, etag, expected, isAnswered };
    if (await this.#listed.isShown(asking, object)) return { ...acknowledged, verified: 'checksum' };
    const nowMs = this.#clock.nowMs();
    const unasked: Sent = { ...acknowledged, verified: isAnswered ? 'checksum' : 'none' };
    const bucket = `${record.profile}/${record.bucket}`;
    if ((this.#withoutHead.get(bucket) ?? 0) > nowMs) return unasked;
    try {
      // A folder as store would read the whole file again for the checksum, which it has just computed while writing.
      const checksum = store.limits.maxSinglePutBytes !== Number.POSITIVE_INFINITY;
      const proof = await proveObject(store, object, { signal, checksum });
      const isComputedInWriting = !checksum && acknowledged.crc32 !== null;
      return { ...acknowledged, verified: isComputedInWriting ? 'checksum' : proof };
    } catch (error) {
      const code = error instanceof SluiceError ? error.code : undefined;
      if (code !== 'not_supported' && code !== 'access_denied') throw error;
      this.#withoutHead.set(bucket, nowMs + settings.bucketCacheMs);
      return unasked;
    }
  }
}
