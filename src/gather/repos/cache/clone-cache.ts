import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import { formatBytes } from '../../../base/units.ts';
import { newWorkerId } from '../../../engine/queue/worker-id.ts';
import type { ObjectStore } from '../../../keep/buckets/bucket.ts';
import type { CloneRecord, ColdCopy } from '../../../keep/local/clone-records.ts';
import type { BakeProgress, BakeSummary } from '../bake/bake.ts';
import { cloneDirectoryName } from '../clone/names.ts';
import { adoptClones } from './adopt.ts';
import { ColdStorage } from './cold/cold-storage.ts';
import { evictClone } from './evict.ts';
import { type CloneUse, type EvictedClones, noRoom, RoomKeeper, type RoomTools } from './room.ts';
import { diskUsage, readNotes } from './usage.ts';

export interface CloneCacheTools extends Omit<RoomTools, 'cold' | 'worker' | 'closing'> {
  /** Opens the bucket store of a profile, for cold storage. */
  readonly openBucket: (profile: string) => Promise<ObjectStore>;
}

/** What a bake asks of the cache. */
export interface CacheRequest {
  readonly url: string;
  /** What the host says that a clone will take, asked only where nothing better is known. */
  readonly estimateBytes: (signal: AbortSignal) => Promise<number | undefined>;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BakeProgress) => void;
  /** Churn needs a full clone and is no hit of its own; a bake is the default. */
  readonly purpose?: 'bake' | 'churn';
}

/** How a clone came to be there: from cold storage, or why not from there. */
interface Came {
  readonly restored: boolean;
  readonly warning: string | undefined;
}

/** A clone as `sluice cache ls` and the API show it. */
export interface CacheEntry extends CloneRecord {
  /** By the configuration or by hand. */
  readonly pinned: boolean;
  readonly pinnedBy: 'configuration' | 'hand' | null;
}

export interface CacheFigures {
  readonly clones: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
  readonly minFreeBytes: number;
  readonly maxBytes: number | null;
  readonly evictableBytes: number;
}

/**
 * The clones on this machine's disk (P4–P9). Whoever bakes goes through `using`, with the repository's claim held; everything
 * else takes the claims that it needs itself.
 *
 * A clone: absent ──using: clone or restore──▶ on disk ──evict, free, using another──▶ (cold copy) absent
 */
export class CloneCache {
  readonly #tools: RoomTools;
  readonly #cold: ColdStorage;
  readonly #room: RoomKeeper;
  #opened: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(tools: CloneCacheTools) {
    this.#cold = new ColdStorage(tools);
    const closing = this.#closing.signal;
    this.#tools = { ...tools, cold: this.#cold, worker: newWorkerId(), closing };
    this.#room = new RoomKeeper(this.#tools);
  }

  /** Takes over what is on disk, see `adoptClones`. Called by whatever needs it; may be repeated. */
  open(): Promise<void> {
    this.#opened ??= adoptClones(this.#tools, this.#closing.signal).catch(error => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  /** Closes connections. Work under way must have ended or been stopped. */
  async close(): Promise<void> {
    this.#closing.abort(new SluiceError('stopping', 'the station is stopping'));
    await this.#opened?.catch(() => undefined);
    await this.#room.idle();
    await this.#cold.close();
  }

  /**
   * Runs a bake with room for its clone: evicts others, restores from cold storage, watches the disk while `bake` runs and
   * stops it when there is no more room, and keeps the record of use. The caller holds the repository's claim.
   * @param bake gets a signal that aborts with `cache_full` when the disk runs short
   * @throws SluiceError `cache_full`, and whatever `bake` throws
   */
  async useForBake(
    request: CacheRequest,
    bake: (signal: AbortSignal) => Promise<BakeSummary>,
  ): Promise<BakeSummary> {
    return this.use(request, async (signal, { restored, warning }) => {
      const summary = await bake(signal);
      if (warning !== undefined) return { ...summary, warnings: [...(summary.warnings ?? []), warning] };
      // A restored clone that turned out to be of no use was cloned anew.
      return { ...summary, cache: restored && summary.cache === 'fetch' ? 'restore' : summary.cache };
    });
  }

  /** As `using`, for any work in a clone that may make or grow it. */
  async use<T>(request: CacheRequest, work: (signal: AbortSignal, came: Came) => Promise<T>): Promise<T> {
    await this.open();
    const { clones, clock, settings } = this.#tools;
    const { url, purpose = 'bake' } = request;
    const directory = cloneDirectoryName(url);
    const path = join(settings().directory, directory);
    const before = await clones.byUrl(url);
    const beforeBytes = await diskUsage(path);
    if (purpose === 'bake') await clones.use(url, directory, clock.nowMs());
    else await clones.change(url, { directory, sized: false, lastUsedAtMs: clock.nowMs() });
    const flight = this.#room.begin({ url, path, beforeBytes, estimateBytes: 0 });
    const isMade = beforeBytes === 0 || (purpose === 'churn' && before?.lean !== false);
    try {
      if (isMade) await this.#makeRoomFor(flight, before, request);
      const signal = AbortSignal.any([request.signal, flight.stop.signal]);
      return await this.#withRoom(flight, signal, async () =>
        work(signal, await this.#come(flight, before, request, signal)),
      );
    } finally {
      await this.#record(flight, directory);
      this.#room.end(flight);
      await this.#settle(request.signal);
    }
  }

  /** Evicts least recently used clones until that many bytes are freed, or nothing more may go. */
  async free(bytes: number, signal: AbortSignal = this.#closing.signal): Promise<EvictedClones> {
    await this.open();
    const { freedBytes, evicted } = await this.#room.free(bytes, signal);
    return { freedBytes, evicted };
  }

  /** What `free` could free now. */
  async evictableBytes(): Promise<number> {
    await this.open();
    return this.#room.evictableBytes();
  }

  /** As `evictableBytes`, of what is on record: looks only, and takes nothing over. */
  recordedEvictableBytes(): Promise<number> {
    return this.#room.evictableBytes();
  }

  /** Evicts one clone, pinned or not. Throws `not_found` where it has none, `clone_in_use`, `bucket_unavailable` under `keep`. */
  async evict(url: string, signal: AbortSignal): Promise<EvictedClones> {
    await this.open();
    const record = await this.#known(url);
    const outcome = record.onDisk ? await evictClone(url, this.#tools, signal) : 'not there';
    if (outcome === 'evicted') return { freedBytes: record.bytes, evicted: [url] };
    if (outcome === 'not there') throw new SluiceError('not_found', `there is no clone of ${url} on disk`);
    if (outcome === 'in use') throw new SluiceError('clone_in_use', `the clone of ${url} is in use`);
    const message = `the clone of ${url} could not be sent to cold storage, so it stays`;
    throw new SluiceError('bucket_unavailable', message, {
      hint: 'See the log; with cache.coldStorageUnavailable: evict it goes all the same.',
    });
  }

  /** Keeps a clone from eviction, or no longer; also one that is not on disk yet. */
  async pin(url: string, pinned: boolean): Promise<void> {
    await this.#tools.clones.change(url, { directory: cloneDirectoryName(url), pinned });
  }

  /** Whether anything is on record about a repository's clone. */
  async knows(url: string): Promise<boolean> {
    return (await this.#tools.clones.byUrl(url)) !== undefined;
  }

  /** Clones on disk, in cold storage, or pinned; least recently used first. */
  async list(): Promise<CacheEntry[]> {
    const { clones, settings } = this.#tools;
    const { neverEvict } = settings();
    return (await clones.list())
      .map(record => {
        const pinnedBy = neverEvict.has(record.url) ? 'configuration' : record.pinned ? 'hand' : null;
        return { ...record, pinned: pinnedBy !== null, pinnedBy } as const;
      })
      .filter(({ onDisk, cold, pinned }) => onDisk || cold !== null || pinned);
  }

  async figures(): Promise<CacheFigures> {
    await this.open();
    const [{ clones }, room, evictableBytes] = await Promise.all([
      this.#tools.clones.totals(),
      this.#room.room(),
      this.#room.evictableBytes(),
    ]);
    const { usedBytes, freeBytes, minFreeBytes, maxBytes = null } = room;
    return { clones, usedBytes, freeBytes, minFreeBytes, maxBytes, evictableBytes };
  }

  async #known(url: string): Promise<CloneRecord> {
    const record = await this.#tools.clones.byUrl(url);
    if (!record) throw new SluiceError('not_found', `the cache knows no clone of ${url}`);
    return record;
  }

  /** P4, P5: room before anything is written. A guess of the host's may be wrong, so it alone refuses nothing. */
  async #makeRoomFor(
    flight: CloneUse,
    before: CloneRecord | undefined,
    request: CacheRequest,
  ): Promise<void> {
    const { settings } = this.#tools;
    const sameKind = before && before.lean === (request.purpose !== 'churn');
    const last = sameKind ? before.bytes : undefined;
    const known = settings().coldStorage && before?.cold ? Math.max(before.cold.bytes, last ?? 0) : last;
    flight.estimateBytes = known || (await request.estimateBytes(request.signal)) || 0;
    let { short } = await this.#room.make(0, 'enough', request.signal);
    if (short && !known && flight.estimateBytes > 0) {
      flight.estimateBytes = 0;
      ({ short } = await this.#room.make(0, 'enough', request.signal));
    }
    if (short) throw noRoom(request.url, short, settings());
  }

  /** A disk that is full although it was watched (faster than the watch): what may go goes, and once more. */
  async #withRoom<T>(flight: CloneUse, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      const known = asSluiceError(error);
      if (known.code !== 'disk_full' || !known.operation?.startsWith('git') || signal.aborted) throw error;
      const { evicted } = await this.#room.make(Math.max(flight.estimateBytes, RESCUE_BYTES), 'most', signal);
      if (evicted.length === 0) throw error;
    }
    return await run();
  }

  async #come(
    flight: CloneUse,
    before: CloneRecord | undefined,
    request: CacheRequest,
    signal: AbortSignal,
  ): Promise<Came> {
    const isCold = before?.cold && this.#tools.settings().coldStorage && !existsSync(flight.path);
    if (!isCold || !before?.cold) return { restored: false, warning: undefined };
    const warning = await this.#restore({ ...before, cold: before.cold }, request, signal);
    return { restored: warning === undefined, warning };
  }

  /** @returns what a person should know where it did not work; the remote has everything, too */
  async #restore(
    record: CloneRecord & { readonly cold: ColdCopy },
    { onProgress }: CacheRequest,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { clones, settings, log } = this.#tools;
    const { url, directory, cold } = record;
    const of = formatBytes(cold.bytes);
    try {
      await this.#cold.restore(record, settings().directory, {
        signal,
        onProgress: bytes =>
          onProgress({ phase: 'fetch', text: `Restoring from cold storage: ${formatBytes(bytes)} of ${of}` }),
      });
      log.info({ target: url, bytes: cold.bytes }, 'clone restored from cold storage');
      return undefined;
    } catch (error) {
      if (signal.aborted) throw error;
      const { code, message } = asSluiceError(error);
      log.warn({ target: url, code, reason: message }, `not restored from cold storage: ${message}`);
      if (['object_missing', 'checksum_mismatch', 'repository_corrupt'].includes(code))
        await clones.change(url, { directory, cold: null });
      return `cold storage was of no use (${message}); cloned from the remote`;
    }
  }

  /** What cannot be recorded now is measured at the next start; the bake's own end counts. */
  async #record({ url, path }: CloneUse, directory: string): Promise<void> {
    const { clones, clock, log } = this.#tools;
    try {
      const [bytes, notes] = await Promise.all([diskUsage(path), readNotes(path)]);
      const size = bytes === 0 ? {} : { bytes };
      const kind = notes ? { lean: notes.lean } : {};
      const use = { onDisk: bytes > 0, sized: true, lastUsedAtMs: clock.nowMs() };
      await clones.change(url, { directory, ...use, ...size, ...kind });
    } catch (error) {
      log.warn({ target: url, err: error }, 'could not record the use of a clone');
    }
  }

  /** What a fetch has grown beyond the budgets goes from the other end. That it cannot is told to the next who asks for room. */
  async #settle(signal: AbortSignal): Promise<void> {
    try {
      await this.#room.make(0, 'most', signal);
    } catch (error) {
      if (!signal.aborted) this.#tools.log.warn({ err: error }, 'could not make room after a bake');
    }
  }
}

/** What a rescue frees at least. */
const RESCUE_BYTES = 16 * 2 ** 20;
