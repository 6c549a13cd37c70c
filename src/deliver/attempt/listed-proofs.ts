import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import type { ObjectPage, ObjectStore } from '../../keep/buckets/bucket.ts';
import { type AcknowledgedObject, isShownBy } from '../../keep/buckets/prove.ts';
import type { Asking } from './upload/sending.ts';

/** From so many objects on a page is asked for: a listing costs providers and us what some ten questions do. */
const WORTH_A_PAGE = 16;
/** Keys of a page, S3's most. */
const PAGE_KEYS = 1000;
/** So many are looked for together: enough for a page's own cost to be little beside theirs. */
const GATHERED = 256;
/** What was gathered does not wait longer for more. */
const GATHER_MS = 500;
/** A page that takes longer is no help. */
const PAGE_MS = 5_000;
/** A bucket whose listing showed too little is left alone so long: other objects may lie between. */
const SPARSE_MS = 30_000;

type ListingStore = Pick<ObjectStore, 'listObjects'>;

interface Awaited {
  readonly object: AcknowledgedObject;
  /** Of its key in UTF-8, in whose order buckets are listed. */
  readonly bytes: Buffer;
  readonly resolve: (isShown: boolean) => void;
}

interface Gathering {
  readonly store: ListingStore;
  readonly signal: AbortSignal;
  readonly keepMs: number;
  readonly objects: Map<string, Awaited>;
  readonly cancelTimer: () => void;
}

/** One bucket, as long as anything of it is under way. */
interface Lane {
  /** Records being sent to it. */
  readonly sending: Set<number>;
  gathering: Gathering | undefined;
}

/**
 * Proves objects of one bucket together, by pages of its listing instead of a question for each:
 *
 *   sent ──▶ gathered ──GATHERED, or nothing more is being sent, or GATHER_MS──▶ listed ──▶ shown
 *     │                                                                                  │
 *     └── too few under way, or its listing is no help: asked for alone ◀── not shown ───┘
 *
 * A listing only ever proves: what it does not show as it was acknowledged is for others to ask. Where few of a page's
 * keys are ours, or the listing is refused, the bucket is not listed for a while.
 */
export class ListedProofs {
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Lane>();
  /** Buckets whose listing is no help, and until when that is believed. */
  readonly #unlisted = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A record is being sent; ended by `sent`, once. */
  sending({ record }: Asking): void {
    this.#laneOf(nameOf(record)).sending.add(record.id);
  }

  /** It is sent, or was not; nothing is waited for on its account any more. */
  sent({ record }: Asking): void {
    const name = nameOf(record);
    const lane = this.#lanes.get(name);
    if (!lane) return;
    lane.sending.delete(record.id);
    if (lane.sending.size > 0) return;
    this.#list(name, lane);
    this.#lanes.delete(name);
  }

  /**
   * Resolves with true when a listing has shown the object as it was acknowledged, with false when it is to be asked for
   * alone: at once, where few others are under way. Never rejects.
   */
  isShown(asking: Asking, object: AcknowledgedObject): Promise<boolean> {
    const { record, store, signal, settings, onWait } = asking;
    const name = nameOf(record);
    const lane = this.#laneOf(name);
    const underWay = lane.sending.size + (lane.gathering?.objects.size ?? 0);
    const { key } = object.at;
    const isAlone = underWay < WORTH_A_PAGE || lane.gathering?.objects.has(key) === true;
    if (isAlone || !object.isAnswered || object.etag === '' || this.#isUnlisted(name)) {
      this.sent(asking);
      return Promise.resolve(false);
    }
    return new Promise(resolve => {
      lane.gathering ??= {
        store,
        signal,
        keepMs: settings.bucketCacheMs,
        objects: new Map(),
        cancelTimer: this.#clock.timer(GATHER_MS, () => this.#list(name, lane)),
      };
      lane.gathering.objects.set(key, { object, bytes: Buffer.from(key), resolve });
      onWait();
      if (lane.gathering.objects.size >= GATHERED) this.#list(name, lane);
      this.sent(asking);
    });
  }

  #laneOf(name: string): Lane {
    const known = this.#lanes.get(name);
    if (known) return known;
    const lane = { sending: new Set<number>(), gathering: undefined };
    this.#lanes.set(name, lane);
    return lane;
  }

  #isUnlisted(name: string): boolean {
    return (this.#unlisted.get(name) ?? 0) > this.#clock.nowMs();
  }

  #list(name: string, lane: Lane): void {
    const { gathering } = lane;
    if (!gathering) return;
    lane.gathering = undefined;
    gathering.cancelTimer();
    void this.#prove(name, gathering);
  }

  async #prove(name: string, gathering: Gathering): Promise<void> {
    let left = [...gathering.objects.values()].sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    try {
      let after = '';
      while (left.length >= WORTH_A_PAGE) {
        const page = await this.#page(gathering, left, after);
        const { shown, passed } = comparePage(page, gathering.objects, left);
        for (const one of shown) {
          one.resolve(true);
          // A server that gives the same page again shows nothing new.
          gathering.objects.delete(one.object.at.key);
        }
        for (const one of left.slice(0, passed)) one.resolve(false);
        left = left.slice(passed);
        after = page.objects.at(-1)?.key ?? after;
        if (shown.length >= WORTH_A_PAGE) continue;
        if (left.length > 0) this.#unlisted.set(name, this.#clock.nowMs() + SPARSE_MS);
        break;
      }
    } catch (error) {
      const isCancelled = error instanceof SluiceError && error.answer === 'cancelled';
      if (!isCancelled) this.#unlisted.set(name, this.#clock.nowMs() + gathering.keepMs);
    }
    for (const { resolve } of left) resolve(false);
  }

  /** The next page on which one of them may stand. */
  async #page(gathering: Gathering, left: readonly Awaited[], after: string): Promise<ObjectPage> {
    const { store, signal } = gathering;
    const [first, last] = [left[0], left.at(-1)] as [Awaited, Awaited];
    const { bucket, key } = first.object.at;
    const tooLong = new AbortController();
    const cancelTimer = this.#clock.timer(PAGE_MS, () => tooLong.abort());
    try {
      return await store.listObjects(bucket, {
        prefix: folderOf(key, last.object.at.key),
        startAfter: later(before(key), after),
        // Twice as many as are looked for: others may lie between.
        maxKeys: Math.min(2 * left.length, PAGE_KEYS),
        signal: AbortSignal.any([signal, tooLong.signal]),
      });
    } catch (error) {
      if (tooLong.signal.aborted && !signal.aborted) throw tooLong.signal.reason;
      throw error;
    } finally {
      cancelTimer();
    }
  }
}

/**
 * What a page shows of the objects looked for. Pure.
 * @param left the objects whose turn it is, in the order of their keys
 * @returns those shown as they were acknowledged, and how many of `left` the page has passed
 */
export function comparePage<T extends { readonly object: AcknowledgedObject; readonly bytes: Buffer }>(
  { objects, continuation }: ObjectPage,
  wanted: ReadonlyMap<string, T>,
  left: readonly T[],
): { readonly shown: readonly T[]; readonly passed: number } {
  const shown: T[] = [];
  for (const entry of objects) {
    const one = wanted.get(entry.key);
    if (one && isShownBy(entry, one.object)) shown.push(one);
  }
  const end = objects.at(-1)?.key;
  if (continuation === undefined || end === undefined) return { shown, passed: left.length };
  const endBytes = Buffer.from(end);
  const passed = left.findIndex(({ bytes }) => Buffer.compare(bytes, endBytes) > 0);
  return { shown, passed: passed < 0 ? left.length : passed };
}

function nameOf({ profile, bucket }: Asking['record']): string {
  return `${profile}/${bucket}`;
}

/** The folder that both keys lie in, with its slash; empty for none. */
function folderOf(first: string, last: string): string {
  let length = 0;
  while (length < first.length && first[length] === last[length]) length += 1;
  return first.slice(0, first.lastIndexOf('/', length - 1) + 1);
}

/** A text before a key with hardly a key between them: it without its last character. */
function before(key: string): string {
  return [...key].slice(0, -1).join('');
}

function later(one: string, other: string): string {
  return Buffer.compare(Buffer.from(one), Buffer.from(other)) > 0 ? one : other;
}
