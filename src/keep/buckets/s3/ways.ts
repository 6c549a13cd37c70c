import type { ObjectProperties } from '../bucket.ts';
import type { ChecksumMode } from './presets.ts';

/** How requests about a bucket are sent, as far as servers differ in what they take. */
export interface SendingWay {
  readonly checksum: ChecksumMode;
  readonly expectContinue: boolean;
  /** Whether HEAD may ask for the checksum. */
  readonly checksumMode: boolean;
  readonly tags: boolean;
  readonly storageClass: boolean;
}

interface Learned {
  readonly change: Partial<SendingWay>;
  /** When the better way is tried again; Infinity where the server itself has said that it does not take it. */
  readonly untilMs: number;
}

/** Requests in a row that were refused in one way and taken in another, before the way is left: one may be chance. */
const PROOFS_WANTED = 2;
/** A way that was left on a suspicion is taken up again after this long: the server may have been mended. */
const SUSPICION_HOLDS_MS = 60 * 60_000;
/** A suspicion that did not prove true is not followed again for this long, so that a refused key costs no double sending. */
const CLEARED_FOR_MS = 10 * 60_000;

/**
 * What is known of each bucket's ways. A way is left for a bucket once a request was refused in it and taken in another
 * (`learn`), and not before: at once where the server has named the cause, the second time where it was only suspected.
 */
export class BucketWays {
  readonly #wanted: SendingWay;
  readonly #learned = new Map<string, Learned>();
  readonly #clearedUntilMs = new Map<string, number>();
  /** Streamed bodies in a row that the server failed on. */
  readonly #troubles = new Map<string, number>();
  readonly #proofs = new Map<string, number>();
  /** Where parts were refused and nothing has come whole since; whether the server itself said so. */
  readonly #partsRefused = new Map<string, boolean>();
  /** Buckets that large objects go to whole, and until when that is believed. */
  readonly #wholeUntilMs = new Map<string, number>();

  /** @param wanted the profile's own way */
  constructor(wanted: SendingWay) {
    this.#wanted = wanted;
  }

  get wanted(): SendingWay {
    return this.#wanted;
  }

  wayOf(bucket: string | undefined, nowMs: number): SendingWay {
    const learned = bucket === undefined ? undefined : this.#learned.get(bucket);
    if (bucket === undefined || learned === undefined) return this.#wanted;
    if (nowMs < learned.untilMs) return { ...this.#wanted, ...learned.change };
    this.#learned.delete(bucket);
    return this.#wanted;
  }

  /** A request was refused in the way of before and taken in this one. @param isSaid the server had named the cause */
  learn(bucket: string, way: SendingWay, isSaid: boolean, nowMs: number): void {
    const change = Object.fromEntries(
      Object.entries(way).filter(([name, value]) => this.#wanted[name as keyof SendingWay] !== value),
    );
    this.#troubles.delete(bucket);
    const proofs = (this.#proofs.get(bucket) ?? 0) + 1;
    this.#proofs.set(bucket, proofs);
    if (!isSaid && proofs < PROOFS_WANTED) return;
    this.#proofs.delete(bucket);
    if (Object.keys(change).length === 0) this.#learned.delete(bucket);
    else
      this.#learned.set(bucket, {
        change,
        untilMs: isSaid ? Number.POSITIVE_INFINITY : nowMs + SUSPICION_HOLDS_MS,
      });
  }

  /** Whether large objects may come in parts. */
  takesParts(bucket: string, nowMs: number): boolean {
    return nowMs >= (this.#wholeUntilMs.get(bucket) ?? Number.NEGATIVE_INFINITY);
  }

  /** An upload in parts was refused as unknown. @param isSaid by the server itself */
  notePartsRefused(bucket: string, isSaid: boolean): void {
    this.#partsRefused.set(bucket, isSaid);
  }

  /** An object came whole and was taken: what was refused before it was the parts. */
  noteWhole(bucket: string, nowMs: number): void {
    const isSaid = this.#partsRefused.get(bucket);
    if (isSaid === undefined) return;
    this.#partsRefused.delete(bucket);
    this.#wholeUntilMs.set(bucket, isSaid ? Number.POSITIVE_INFINITY : nowMs + SUSPICION_HOLDS_MS);
  }

  /** Another way was refused as well: the way is not the cause. */
  clear(bucket: string, nowMs: number): void {
    this.#clearedUntilMs.set(bucket, nowMs + CLEARED_FOR_MS);
  }

  maySuspect(bucket: string, nowMs: number): boolean {
    return nowMs >= (this.#clearedUntilMs.get(bucket) ?? Number.NEGATIVE_INFINITY);
  }

  /** A body was taken in the way that is wanted. */
  noteGood(bucket: string): void {
    this.#troubles.delete(bucket);
    this.#proofs.delete(bucket);
  }

  /** Notes how a streamed body fared. @returns failures of the server in a row */
  noteStreamed(bucket: string, hasFailed: boolean): number {
    const count = hasFailed ? (this.#troubles.get(bucket) ?? 0) + 1 : 0;
    if (count === 0) this.#troubles.delete(bucket);
    else this.#troubles.set(bucket, count);
    return count;
  }
}

/** Properties less what the bucket's server does not take. Pure. */
export function propertiesFor<P extends ObjectProperties>(properties: P, way: SendingWay): P {
  if (way.tags && way.storageClass) return properties;
  return {
    ...properties,
    tags: way.tags ? properties.tags : undefined,
    storageClass: way.storageClass ? properties.storageClass : undefined,
  };
}

const OTHER_CHECKSUM: Readonly<Record<ChecksumMode, string>> = {
  trailer: 'with the checksum after the body',
  header: 'with the checksum before the body',
  md5: 'with Content-MD5 in place of a checksum',
  sha256: 'without a checksum beside the signature',
};

/**
 * In which way something was sent that is not the one wanted, in words for its record; undefined where it is. Pure.
 * @param checksum how its body was protected; undefined where it had none
 * @param wantedChecksum how it would have been
 */
export function departureOf(
  way: SendingWay,
  { tags, storageClass }: ObjectProperties,
  checksum?: ChecksumMode,
  wantedChecksum?: ChecksumMode,
): string | undefined {
  const words: string[] = [];
  if (!way.tags && tags !== undefined) words.push('without tags');
  if (!way.storageClass && storageClass !== undefined)
    words.push(`without the storage class ${storageClass}`);
  if (checksum !== undefined && checksum !== wantedChecksum) words.push(OTHER_CHECKSUM[checksum]);
  return words.length === 0 ? undefined : words.join(', ');
}
