import type { Clock } from '../../base/clock.ts';
import type { ObjectEntry, ObjectStore } from '../../keep/buckets/bucket.ts';

/** Keys of a page, S3's most. */
const PAGE_KEYS = 1000;
/** So many pages are read for one question before it is asked otherwise; they help with the next ones. */
const PAGES_A_QUESTION = 10;
/** Keys that are remembered of all buckets together, about 200 bytes each. */
const KEPT_KEYS = 200_000;
/** What others do in a bucket is noticed after that time at the latest. */
const KEPT_MS = 5 * 60_000;

type ListingStore = Pick<ObjectStore, 'listObjects'>;

/** A stretch of a bucket's keys that was listed: all that lie after `from`, up to `to`. */
interface Stretch {
  readonly bucket: string;
  readonly from: Buffer;
  /** Undefined: to the end. */
  readonly to: Buffer | undefined;
  readonly entries: Map<string, ObjectEntry>;
  readonly listedAtMs: number;
}

/** Where an object would be. */
export interface HeldQuestion {
  readonly store: ListingStore;
  readonly profile: string;
  readonly bucket: string;
  readonly key: string;
  readonly signal: AbortSignal;
}

/**
 * What buckets hold already, by pages of their listings rather than by a question for each object. Files come in the
 * order of their folders, not of their names: a folder's keys are listed from its first one on, each page once, and kept.
 *
 *   asked ──stretch kept?──▶ answered, and forgotten: what it becomes later is ours
 *     └── no: the next page of its folder is listed, one at a time for each bucket ──▶ asked again
 */
export class HeldObjects {
  readonly #clock: Pick<Clock, 'nowMs'>;
  #stretches: Stretch[] = [];
  /** What is being listed, by bucket. */
  readonly #listing = new Map<string, Promise<unknown>>();

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /**
   * What the bucket holds under the key, told once of each listing; undefined: nothing, as far as is known. `unlisted`: a
   * listing cannot tell soon. Throws what the store's listing throws.
   */
  async take(question: HeldQuestion): Promise<ObjectEntry | 'unlisted' | undefined> {
    const { profile, bucket, key } = question;
    const name = `${profile}/${bucket}`;
    const bytes = Buffer.from(key);
    for (let pages = 0; ; pages += 1) {
      const stretch = this.#stretchWith(name, bytes);
      if (stretch) {
        const entry = stretch.entries.get(key);
        stretch.entries.delete(key);
        return entry;
      }
      if (pages >= PAGES_A_QUESTION) return 'unlisted';
      const under = this.#listing.get(name);
      if (under) await under.catch(() => undefined);
      else await this.#list(name, question);
      question.signal.throwIfAborted();
    }
  }

  /** The object is being replaced: what was listed of it is not so any more. */
  forget(profile: string, bucket: string, key: string): void {
    if (this.#stretches.length === 0) return;
    const name = `${profile}/${bucket}`;
    for (const stretch of this.#stretches) if (stretch.bucket === name) stretch.entries.delete(key);
  }

  #stretchWith(name: string, key: Buffer): Stretch | undefined {
    const oldestMs = this.#clock.nowMs() - KEPT_MS;
    return this.#stretches.find(
      ({ bucket, from, to, listedAtMs }) =>
        bucket === name &&
        listedAtMs >= oldestMs &&
        Buffer.compare(from, key) < 0 &&
        (to === undefined || Buffer.compare(key, to) <= 0),
    );
  }

  #list(name: string, question: HeldQuestion): Promise<void> {
    const listing = this.#listPage(name, question).finally(() => this.#listing.delete(name));
    this.#listing.set(name, listing);
    return listing;
  }

  /** The first page of the key's folder that is not kept. */
  async #listPage(name: string, { store, bucket, key, signal }: HeldQuestion): Promise<void> {
    const listedAtMs = this.#clock.nowMs();
    let startAfter = key.slice(0, key.lastIndexOf('/') + 1);
    for (;;) {
      const next = this.#stretchAfter(name, Buffer.from(startAfter));
      if (!next?.to) break;
      startAfter = next.to.toString();
    }
    const page = await store.listObjects(bucket, {
      ...(startAfter === '' ? undefined : { startAfter }),
      maxKeys: PAGE_KEYS,
      signal,
    });
    const last = page.objects.at(-1)?.key;
    const hasMore = page.continuation !== undefined && last !== undefined;
    this.#stretches.push({
      bucket: name,
      from: Buffer.from(startAfter),
      to: hasMore ? Buffer.from(last) : undefined,
      entries: new Map(page.objects.map(entry => [entry.key, entry])),
      listedAtMs,
    });
    this.#shrink();
  }

  /** The stretch in which the keys right after this one lie. */
  #stretchAfter(name: string, key: Buffer): Stretch | undefined {
    const oldestMs = this.#clock.nowMs() - KEPT_MS;
    return this.#stretches.find(
      ({ bucket, from, to, listedAtMs }) =>
        bucket === name &&
        listedAtMs >= oldestMs &&
        Buffer.compare(from, key) <= 0 &&
        (to === undefined || Buffer.compare(key, to) < 0),
    );
  }

  #shrink(): void {
    const oldestMs = this.#clock.nowMs() - KEPT_MS;
    this.#stretches = this.#stretches.filter(({ listedAtMs }) => listedAtMs >= oldestMs);
    let kept = this.#stretches.reduce((sum, { entries }) => sum + entries.size, 0);
    while (kept > KEPT_KEYS && this.#stretches.length > 1) kept -= this.#stretches.shift()?.entries.size ?? 0;
  }
}
