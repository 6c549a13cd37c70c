import { join } from 'node:path';
import { SluiceError } from '../../../base/errors.ts';
import { Serializer } from '../../../base/serializer.ts';
import { formatBytes } from '../../../base/units.ts';
import { urlOfRepositoryKey } from '../tracking/schedule.ts';
import { chooseEvictions, type Evictable, missingBytes, type Room, type Shortage } from './choose.ts';
import type { CacheContext } from './context.ts';
import { evictClone } from './evict.ts';
import type { CacheSettings } from './settings.ts';
import { diskUsage, scratchUsage } from './usage.ts';

/** Work of this process in a clone, or in making it. */
export interface CloneUse {
  readonly url: string;
  /** Full path of its clone, there or not. */
  readonly path: string;
  /** What the clone took when the work began; 0 where there was none. */
  readonly beforeBytes: number;
  /** What is expected to be written, as far as it is known. */
  estimateBytes: number;
  /** Stops the work because it has filled the disk. */
  readonly stop: AbortController;
}

/** What evictions have given back. */
export interface EvictedClones {
  readonly freedBytes: number;
  /** URLs, in the order in which they went. */
  readonly evicted: readonly string[];
}

/** Whether evictions made enough room. */
export interface MadeRoom extends EvictedClones {
  /** Undefined where there is enough. */
  readonly short: Shortage | undefined;
}

/** How often the room is measured while something is fetched. */
const CHECK_EVERY_MS = 200;
/** A clone that was there already and grows by less than this is not what fills the disk. */
const SMALL_GROWTH_BYTES = 2 ** 20;
/** More claims than this at once are not asked for. */
const MAX_CLAIMS = 10_000;

/**
 * Keeps the cache within its budgets: one eviction after the other, however many ask, and a check now and then while
 * clones grow. What two processes do beside each other each sees through the records, the claims and the disk itself.
 *
 *   no clone in use ──begin──▶ checking every 200 ms ──last end──▶ no clone in use
 *                                  │ too little room, nothing left to evict
 *                                  └──▶ the use begun last that grows is stopped with cache_full; once it has ended, on
 */
export class RoomKeeper {
  readonly #context: CacheContext;
  readonly #uses = new Set<CloneUse>();
  readonly #evictions = new Serializer();
  #cancelCheck: () => void = () => undefined;

  constructor(context: CacheContext) {
    this.#context = context;
  }

  /** Notes that work in a clone begins. To be ended by `end`, whatever happens. */
  begin(use: Omit<CloneUse, 'stop'>): CloneUse {
    const begun = { ...use, stop: new AbortController() };
    this.#uses.add(begun);
    if (this.#uses.size === 1) this.#checkLater();
    return begun;
  }

  end(use: CloneUse): void {
    this.#uses.delete(use);
    if (this.#uses.size === 0) this.#cancelCheck();
  }

  /**
   * Evicts until both budgets hold with `bytes` more.
   * @param how `enough`: evicts nothing unless that makes enough room; `most`: as much as may go, even if it falls
   * short
   */
  makeRoom(bytes: number, how: 'enough' | 'most', signal: AbortSignal): Promise<MadeRoom> {
    return this.#evictions.run(() =>
      this.#evictUntilEnough(room => ({ ...room, neededBytes: room.neededBytes + bytes }), how, signal),
    );
  }

  /** Evicts until `bytes` have been freed or nothing more may go, whatever the budgets say. */
  free(bytes: number, signal: AbortSignal): Promise<MadeRoom> {
    return this.#evictions.run(() => {
      let first: number | undefined;
      // As if the disk lacked just these bytes; what has been freed since is free now.
      const asked = (room: Room): Room => {
        first ??= room.usedBytes;
        return { ...room, maxBytes: first - bytes, minFreeBytes: 0, freeBytes: 0, neededBytes: 0 };
      };
      return this.#evictUntilEnough(asked, 'most', signal);
    });
  }

  /** Bytes that eviction could free now. */
  async evictableBytes(): Promise<number> {
    const { clones } = await this.#measure(new Set());
    const evictable = clones.filter(({ pinned, inUse }) => !pinned && !inUse);
    return evictable.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Resolves when no eviction is under way. */
  async idle(): Promise<void> {
    await this.#evictions.idle();
  }

  /** The room there is. */
  async room(): Promise<Room> {
    return (await this.#measure(new Set())).room;
  }

  async #evictUntilEnough(
    adjust: (room: Room) => Room,
    how: 'enough' | 'most',
    signal: AbortSignal,
  ): Promise<MadeRoom> {
    const passed = new Set<string>();
    const evicted: Evictable[] = [];
    for (;;) {
      signal.throwIfAborted();
      const { clones, room } = await this.#measure(passed);
      const { evict, short } = chooseEvictions(clones, adjust(room));
      const [next] = evict;
      if (!next || (short && how === 'enough')) {
        const freedBytes = evicted.reduce((sum, { bytes }) => sum + bytes, 0);
        return { short, freedBytes, evicted: evicted.map(({ url }) => url) };
      }
      const outcome = await evictClone(next.url, this.#context, signal);
      if (outcome === 'evicted') evicted.push(next);
      // Someone took it meanwhile, or it cannot be sent away: the next one's turn.
      else passed.add(next.url);
    }
  }

  async #measure(
    passed: ReadonlySet<string>,
  ): Promise<{ readonly clones: Evictable[]; readonly room: Room }> {
    const { clones, queue, settings, freeBytes } = this.#context;
    const { directory, minFreeBytes, maxBytes, neverEvict } = settings();
    const uses = [...this.#uses];
    const [records, running, scratchBytes, free, usedNow] = await Promise.all([
      clones.list(),
      queue.running(MAX_CLAIMS),
      scratchUsage(directory),
      freeBytes(directory),
      Promise.all(uses.map(({ path }) => diskUsage(path))),
    ]);
    const claimed = new Set(running.map(({ key }) => urlOfRepositoryKey(key)));
    const pathsInUse = new Set(uses.map(({ path }) => path));
    const there = records.filter(record => record.onDisk);
    const resting = there.filter(record => !pathsInUse.has(join(directory, record.directory)));
    const busyBytes = usedNow.reduce((sum, bytes) => sum + bytes, scratchBytes);
    const grown = usedNow.reduce((sum, bytes, index) => sum + bytes - (uses[index]?.beforeBytes ?? 0), 0);
    const expected = uses.reduce((sum, { estimateBytes }) => sum + estimateBytes, 0);
    return {
      clones: there.map(({ url, bytes, lastUsedAtMs, pinned }) => ({
        url,
        bytes,
        lastUsedAtMs,
        pinned: pinned || neverEvict.has(url),
        inUse: claimed.has(url) || passed.has(url),
      })),
      room: {
        freeBytes: free,
        minFreeBytes,
        maxBytes,
        usedBytes: resting.reduce((sum, { bytes }) => sum + bytes, busyBytes),
        // What has been written of it already shows in the other figures.
        neededBytes: Math.max(0, expected - Math.max(0, grown) - scratchBytes),
      },
    };
  }

  #checkLater(): void {
    this.#cancelCheck = this.#context.clock.timer(CHECK_EVERY_MS, () => {
      this.#check()
        .catch(error => this.#context.log.warn({ err: error }, 'could not look at the room for clones'))
        .finally(() => {
          if (this.#uses.size > 0) this.#checkLater();
        });
    });
  }

  /** Whether both budgets hold, measured more cheaply than for evictions. */
  async #isFine(): Promise<boolean> {
    const { clones, settings, freeBytes } = this.#context;
    const { directory, minFreeBytes, maxBytes } = settings();
    const [totals, scratchBytes, free, ...growth] = await Promise.all([
      clones.totals(),
      scratchUsage(directory),
      freeBytes(directory),
      ...[...this.#uses].map(async ({ path, beforeBytes }) => (await diskUsage(path)) - beforeBytes),
    ]);
    const usedBytes = growth.reduce((sum, grown) => sum + Math.max(0, grown), totals.bytes + scratchBytes);
    return missingBytes({ freeBytes: free, minFreeBytes, usedBytes, maxBytes, neededBytes: 0 }) <= 0;
  }

  /** Evicts while clones grow into what must stay free; stops one where nothing is left to evict. */
  async #check(): Promise<void> {
    // One that was stopped gives its room back first.
    if ([...this.#uses].some(({ stop }) => stop.signal.aborted)) return;
    if (await this.#isFine()) return;
    const now = (seen: Room): Room => ({ ...seen, neededBytes: 0 });
    const { short } = await this.#evictions.run(() =>
      this.#evictUntilEnough(now, 'most', this.#context.closing),
    );
    if (!short) return;
    const scratchBytes = await scratchUsage(this.#context.settings().directory);
    for (const use of [...this.#uses].reverse()) {
      const grown = (await diskUsage(use.path)) - use.beforeBytes;
      const grows = use.beforeBytes === 0 ? grown + scratchBytes > 0 : grown > SMALL_GROWTH_BYTES;
      if (grows) return use.stop.abort(noRoom(use.url, short, this.#context.settings()));
    }
  }
}

/** What a person must know to make room. */
export function noRoom(url: string, short: Shortage, settings: CacheSettings): SluiceError {
  const { missingBytes: missing, bound, pinnedBytes, inUseBytes } = short;
  const limit =
    bound === 'maxSize'
      ? `cache.maxSize of ${formatBytes(settings.maxBytes ?? 0)}`
      : `cache.minFreeDisk of ${formatBytes(settings.minFreeBytes)}`;
  const takers: string[] = [];
  if (pinnedBytes > 0) takers.push(`pinned clones take ${formatBytes(pinnedBytes)}`);
  if (inUseBytes > 0) takers.push(`clones in use ${formatBytes(inUseBytes)}`);
  const held = takers.join(', ');
  const why =
    pinnedBytes > 0 && inUseBytes === 0
      ? `pinned repositories alone leave no room: ${held}`
      : `nothing more may be evicted${held === '' ? '' : `: ${held}`}`;
  return new SluiceError(
    'cache_full',
    `no room for the clone of ${url}: ${formatBytes(missing)} too little for ${limit}; ${why}`,
    { operation: 'make room', subject: url },
  );
}
