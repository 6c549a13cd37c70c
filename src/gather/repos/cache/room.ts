import { join } from 'node:path';
import { SluiceError } from '../../../base/errors.ts';
import { Serializer } from '../../../base/serializer.ts';
import { formatBytes } from '../../../base/units.ts';
import { urlOfRepositoryKey } from '../tracking/schedule.ts';
import { chooseEvictions, type Evictable, missingBytes, type Room, type Shortage } from './choose.ts';
import { type EvictionTools, evictClone } from './evict.ts';
import type { CacheSettings } from './settings.ts';
import { diskUsage, freeBytesOf, scratchUsage } from './usage.ts';

/** A repository that is being worked in by this process. */
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

export interface EvictedClones {
  readonly freedBytes: number;
  /** URLs, in the order in which they went. */
  readonly evicted: readonly string[];
}

export interface MadeRoom extends EvictedClones {
  readonly short: Shortage | undefined;
}

export interface RoomTools extends EvictionTools {
  /** Aborts when the cache closes. */
  readonly closing: AbortSignal;
  /** For tests; the file system's own answer by default. */
  readonly freeBytes?: (directory: string) => Promise<number>;
}

/** How often the room is looked at while something is fetched. */
const LOOK_EVERY_MS = 200;
/** A clone that was there already and grows by less than this is not what fills the disk. */
const SMALL_GROWTH_BYTES = 2 ** 20;
/** More claims than this at once are not looked at. */
const CLAIMS_SEEN = 10_000;

/**
 * Keeps the cache within its budgets: one eviction after the other, however many ask, and a look now and then while clones
 * grow. What two processes do beside each other each sees through the records, the claims and the disk itself.
 *
 *   no flight ──begin──▶ looking every 200 ms ──last end──▶ no flight
 *                           │ too little room, nothing left to evict
 *                           └──▶ the flight begun last that grows is stopped with cache_full; once it has ended, on
 */
export class RoomKeeper {
  readonly #tools: RoomTools;
  readonly #flights = new Set<CloneUse>();
  readonly #evictions = new Serializer();
  #cancelLook: () => void = () => undefined;

  constructor(tools: RoomTools) {
    this.#tools = tools;
  }

  /** Notes that work in a clone begins. To be ended by `end`, whatever happens. */
  begin(flight: Omit<CloneUse, 'stop'>): CloneUse {
    const begun = { ...flight, stop: new AbortController() };
    this.#flights.add(begun);
    if (this.#flights.size === 1) this.#lookLater();
    return begun;
  }

  end(flight: CloneUse): void {
    this.#flights.delete(flight);
    if (this.#flights.size === 0) this.#cancelLook();
  }

  /**
   * Evicts until both budgets hold with `bytes` more.
   * @param how `enough`: evicts nothing unless that makes enough room; `most`: as much as may go, even if it falls short
   */
  make(bytes: number, how: 'enough' | 'most', signal: AbortSignal): Promise<MadeRoom> {
    return this.#evictions.run(() =>
      this.#make(room => ({ ...room, neededBytes: room.neededBytes + bytes }), how, signal),
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
      return this.#make(asked, 'most', signal);
    });
  }

  /** Bytes that eviction could free now. */
  async evictableBytes(): Promise<number> {
    const { clones } = await this.#look(new Set());
    const may = clones.filter(({ pinned, inUse }) => !pinned && !inUse);
    return may.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Resolves when no eviction is under way. */
  async idle(): Promise<void> {
    await this.#evictions.idle();
  }

  /** The room there is. */
  async room(): Promise<Room> {
    return (await this.#look(new Set())).room;
  }

  async #make(adjust: (room: Room) => Room, how: 'enough' | 'most', signal: AbortSignal): Promise<MadeRoom> {
    const passed = new Set<string>();
    const evicted: Evictable[] = [];
    for (;;) {
      signal.throwIfAborted();
      const { clones, room } = await this.#look(passed);
      const { evict, short } = chooseEvictions(clones, adjust(room));
      const [next] = evict;
      if (!next || (short && how === 'enough')) {
        const freedBytes = evicted.reduce((sum, { bytes }) => sum + bytes, 0);
        return { short, freedBytes, evicted: evicted.map(({ url }) => url) };
      }
      const outcome = await evictClone(next.url, this.#tools, signal);
      if (outcome === 'evicted') evicted.push(next);
      // Someone took it meanwhile, or it cannot be sent away: the next one's turn.
      else passed.add(next.url);
    }
  }

  async #look(passed: ReadonlySet<string>): Promise<{ readonly clones: Evictable[]; readonly room: Room }> {
    const { clones, queue, settings, freeBytes = freeBytesOf } = this.#tools;
    const { directory, minFreeBytes, maxBytes, neverEvict } = settings();
    const flights = [...this.#flights];
    const [records, running, scratchBytes, free, inFlight] = await Promise.all([
      clones.list(),
      queue.running(CLAIMS_SEEN),
      scratchUsage(directory),
      freeBytes(directory),
      Promise.all(flights.map(({ path }) => diskUsage(path))),
    ]);
    const claimed = new Set(running.map(({ key }) => urlOfRepositoryKey(key)));
    const flying = new Set(flights.map(({ path }) => path));
    const there = records.filter(record => record.onDisk);
    const resting = there.filter(record => !flying.has(join(directory, record.directory)));
    const flightBytes = inFlight.reduce((sum, bytes) => sum + bytes, scratchBytes);
    const grown = inFlight.reduce((sum, bytes, index) => sum + bytes - (flights[index]?.beforeBytes ?? 0), 0);
    const expected = flights.reduce((sum, { estimateBytes }) => sum + estimateBytes, 0);
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
        usedBytes: resting.reduce((sum, { bytes }) => sum + bytes, flightBytes),
        // What has been written of it already shows in the other figures.
        neededBytes: Math.max(0, expected - Math.max(0, grown) - scratchBytes),
      },
    };
  }

  #lookLater(): void {
    this.#cancelLook = this.#tools.clock.timer(LOOK_EVERY_MS, () => {
      this.#check()
        .catch(error => this.#tools.log.warn({ err: error }, 'could not look at the room for clones'))
        .finally(() => {
          if (this.#flights.size > 0) this.#lookLater();
        });
    });
  }

  /** Whether both budgets hold, by a cheaper look than the one for evictions. */
  async #isFine(): Promise<boolean> {
    const { clones, settings, freeBytes = freeBytesOf } = this.#tools;
    const { directory, minFreeBytes, maxBytes } = settings();
    const [totals, scratchBytes, free, ...inFlight] = await Promise.all([
      clones.totals(),
      scratchUsage(directory),
      freeBytes(directory),
      ...[...this.#flights].map(async ({ path, beforeBytes }) => (await diskUsage(path)) - beforeBytes),
    ]);
    const usedBytes = inFlight.reduce((sum, grown) => sum + Math.max(0, grown), totals.bytes + scratchBytes);
    return missingBytes({ freeBytes: free, minFreeBytes, usedBytes, maxBytes, neededBytes: 0 }) <= 0;
  }

  /** Evicts while clones grow into what must stay free; stops one where nothing is left to evict (P5). */
  async #check(): Promise<void> {
    // One that was stopped gives its room back first.
    if ([...this.#flights].some(({ stop }) => stop.signal.aborted)) return;
    if (await this.#isFine()) return;
    const now = (seen: Room): Room => ({ ...seen, neededBytes: 0 });
    const { short } = await this.#evictions.run(() => this.#make(now, 'most', this.#tools.closing));
    if (!short) return;
    const scratchBytes = await scratchUsage(this.#tools.settings().directory);
    for (const flight of [...this.#flights].reverse()) {
      const grown = (await diskUsage(flight.path)) - flight.beforeBytes;
      const grows = flight.beforeBytes === 0 ? grown + scratchBytes > 0 : grown > SMALL_GROWTH_BYTES;
      if (grows) return flight.stop.abort(noRoom(flight.url, short, this.#tools.settings()));
    }
  }
}

/** P5, P6: what a person must know to make room. */
export function noRoom(url: string, short: Shortage, settings: CacheSettings): SluiceError {
  const { missingBytes: missing, bound, pinnedBytes, inUseBytes } = short;
  const limit =
    bound === 'maxSize'
      ? `cache.maxSize of ${formatBytes(settings.maxBytes ?? 0)}`
      : `cache.minFreeDisk of ${formatBytes(settings.minFreeBytes)}`;
  const held = [
    ...(pinnedBytes > 0 ? [`pinned clones take ${formatBytes(pinnedBytes)}`] : []),
    ...(inUseBytes > 0 ? [`clones in use ${formatBytes(inUseBytes)}`] : []),
  ].join(', ');
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
