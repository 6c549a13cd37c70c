import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import { formatBytes } from '../../../base/units.ts';
import { newWorkerId } from '../../../engine/queue/worker-id.ts';
import type { CloneRecord, ColdCopy } from '../../../keep/local/clone-records.ts';
import { addressKey } from '../address/same-address.ts';
import type { BakeProgress, BakeSummary } from '../bake/bake.ts';
import { cloneDirectoryName } from '../clone/directories.ts';
import type { RoomWish } from './admission.ts';
import { adoptClones } from './adopt.ts';
import { CloneUse } from './clone-use.ts';
import { ColdStorage, type ColdStorageOptions } from './cold/cold-storage.ts';
import type { CacheContext } from './context.ts';
import { evictClone, removeClone } from './evict.ts';
import { type EvictedClones, RoomKeeper } from './room.ts';
import { diskUsage, freeBytesOf, readNotes } from './usage.ts';

/** What a cache is made of. */
export interface CloneCacheOptions
  extends Pick<CacheContext, 'clones' | 'queue' | 'settings'>,
    ColdStorageOptions {
  /** For tests; the file system's own answer by default. */
  readonly freeBytes?: CacheContext['freeBytes'];
}

/** What a full disk is relieved of at least, before the work that it stopped is done once more. */
const RESCUE_BYTES = 16 * 2 ** 20;

/** What work in a clone asks of the cache. */
export interface CacheRequest {
  readonly url: string;
  /** What the host says that a clone will take, asked only where nothing better is known. */
  readonly estimateBytes: (signal: AbortSignal) => Promise<number | undefined>;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BakeProgress) => void;
  /** Churn needs a full clone and is no hit of its own; a bake is the default. */
  readonly purpose?: 'bake' | 'churn';
  /** Somebody waits for it: it gets room before what waits by the schedule. */
  readonly isUrgent?: boolean;
  /** It does not wait here for room, but is told with `room_awaited` when to come back. */
  readonly mayLeave?: boolean;
}

/** Whether a clone came from cold storage, or why not. */
interface CloneRestore {
  readonly restored: boolean;
  readonly warning: string | undefined;
}

/** A clone as `sluice cache ls` and the API show it. */
export interface CacheEntry extends CloneRecord {
  /** By the configuration or by hand. */
  readonly pinned: boolean;
  readonly pinnedBy: 'configuration' | 'hand' | null;
}

/** The cache as a whole; null where there is no limit but the disk. */
export interface CacheFigures {
  readonly clones: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
  readonly minFreeBytes: number;
  readonly maxBytes: number | null;
  readonly evictableBytes: number;
}

/**
 * The clones on this machine's disk. Whoever works in one goes through `use`, with the repository's claim held;
 * everything else takes the claims that it needs itself.
 *
 * A clone: absent ──use: clone or restore──▶ on disk ──evict, free, use of another──▶ (cold copy) absent
 */
export class CloneCache {
  readonly #context: CacheContext;
  readonly #cold: ColdStorage;
  readonly #room: RoomKeeper;
  #opened: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(options: CloneCacheOptions) {
    this.#cold = new ColdStorage(options);
    this.#context = {
      ...options,
      cold: this.#cold,
      worker: newWorkerId(),
      closing: this.#closing.signal,
      freeBytes: options.freeBytes ?? freeBytesOf,
    };
    this.#room = new RoomKeeper(this.#context);
  }

  /** Takes over what is on disk, see `adoptClones`. Called by whatever needs it; may be repeated. */
  open(): Promise<void> {
    this.#opened ??= adoptClones(this.#context, this.#closing.signal).catch(error => {
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
   * Runs a bake with room for its clone: evicts others, waits for those at work where both do not fit, restores from
   * cold storage, watches the disk while `bake` runs and stops it when there is no more room (to run it once more, alone,
   * where others took it), and keeps the record of use. The caller holds the repository's claim.
   * @param bake gets a signal that aborts with `cache_full` when the disk runs short; may be called again then
   * @throws SluiceError `cache_full` where it does not fit even alone, `room_awaited` under `mayLeave`, and whatever `bake`
   *   throws
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

  /** As `useForBake`, for any work in a clone that may make or grow it. */
  async use<T>(
    request: CacheRequest,
    work: (signal: AbortSignal, restore: CloneRestore) => Promise<T>,
  ): Promise<T> {
    await this.open();
    const { clones, clock, settings } = this.#context;
    const { url, purpose = 'bake' } = request;
    const directory = cloneDirectoryName(url);
    const path = join(settings().directory, directory);
    const before = await clones.byUrl(url);
    const beforeBytes = await diskUsage(path);
    if (purpose === 'bake') await clones.use(url, directory, clock.nowMs());
    else await clones.change(url, { directory, sized: false, lastUsedAtMs: clock.nowMs() });
    const use = new CloneUse(url, settings().directory, directory, beforeBytes);
    this.#room.begin(use);
    const isMade = beforeBytes === 0 || (purpose === 'churn' && before?.lean !== false);
    try {
      return await this.#inTurn(
        use,
        isMade ? await this.#wish(before, request) : undefined,
        request,
        signal => this.#restoreIfCold(use, before, request, signal).then(restore => work(signal, restore)),
      );
    } finally {
      await this.#record(use, directory);
      this.#room.end(use);
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

  /** As `evictableBytes`, of what is on record; takes nothing over. */
  recordedEvictableBytes(): Promise<number> {
    return this.#room.evictableBytes();
  }

  /**
   * Evicts one clone, pinned or not. Throws `not_found` where it has none, `clone_in_use`, `bucket_unavailable` under
   * `keep`.
   */
  async evict(url: string, signal: AbortSignal): Promise<EvictedClones> {
    await this.open();
    const record = await this.#known(url);
    const outcome = record.onDisk ? await evictClone(url, this.#context, signal) : 'not there';
    if (outcome === 'evicted') return { freedBytes: record.bytes, evicted: [url] };
    if (outcome === 'not there') throw new SluiceError('not_found', `there is no clone of ${url} on disk`);
    if (outcome === 'in use') throw new SluiceError('clone_in_use', `the clone of ${url} is in use`);
    const message = `the clone of ${url} could not be sent to cold storage, so it stays`;
    throw new SluiceError('bucket_unavailable', message, {
      hint: 'See the log; with cache.coldStorageUnavailable: evict it goes all the same.',
    });
  }

  /**
   * Takes a clone off the disk and out of the records, pinned or not; a copy in cold storage stays there. For the holder
   * of its claim. May be repeated.
   */
  async forget(url: string): Promise<void> {
    await this.open();
    const record = await this.#context.clones.byUrl(url);
    if (record?.onDisk) await removeClone(record, this.#context);
    await this.#context.clones.remove(url);
  }

  /** Keeps a clone from eviction, or no longer; also one that is not on disk yet. */
  async pin(url: string, pinned: boolean): Promise<void> {
    await this.#context.clones.change(url, { directory: cloneDirectoryName(url), pinned });
  }

  /** Whether a repository's clone lies on this machine's disk. */
  async isOnDisk(url: string): Promise<boolean> {
    return (await this.#context.clones.byUrl(url))?.onDisk === true;
  }

  /** Whether anything is on record about a repository's clone. */
  async knows(url: string): Promise<boolean> {
    return (await this.#context.clones.byUrl(url)) !== undefined;
  }

  /** Clones on disk, in cold storage, or pinned; least recently used first. */
  async list(): Promise<CacheEntry[]> {
    const { clones, settings } = this.#context;
    const { neverEvict } = settings();
    return (await clones.list())
      .map(record => {
        const pinnedBy = neverEvict.has(addressKey(record.url))
          ? 'configuration'
          : record.pinned
            ? 'hand'
            : null;
        return { ...record, pinned: pinnedBy !== null, pinnedBy } as const;
      })
      .filter(({ onDisk, cold, pinned }) => onDisk || cold !== null || pinned);
  }

  async figures(): Promise<CacheFigures> {
    await this.open();
    const [{ clones }, room, evictableBytes] = await Promise.all([
      this.#context.clones.totals(),
      this.#room.room(),
      this.#room.evictableBytes(),
    ]);
    const { usedBytes, freeBytes, minFreeBytes, maxBytes = null } = room;
    return { clones, usedBytes, freeBytes, minFreeBytes, maxBytes, evictableBytes };
  }

  async #known(url: string): Promise<CloneRecord> {
    const record = await this.#context.clones.byUrl(url);
    if (!record) throw new SluiceError('not_found', `the cache knows no clone of ${url}`);
    return record;
  }

  /** What room a clone that is to be made will take, as far as anybody knows. */
  async #wish(before: CloneRecord | undefined, request: CacheRequest): Promise<RoomWish> {
    const sameKind = before && before.lean === (request.purpose !== 'churn');
    const last = sameKind ? before.bytes : undefined;
    const cold = this.#context.settings().coldStorage ? before?.cold : undefined;
    const measured = Math.max(cold?.bytes ?? 0, last ?? 0);
    const isUrgent = request.isUrgent ?? false;
    if (measured > 0) return { expectedBytes: measured, isMeasured: true, isAlone: false, isUrgent };
    const guessed = await request.estimateBytes(request.signal);
    return { expectedBytes: guessed || undefined, isMeasured: false, isAlone: false, isUrgent };
  }

  /**
   * Runs what may make or grow a clone when there is room for it. What did not fit beside others runs once more alone.
   * @param wish undefined for work in a clone that is there, which seldom grows much
   */
  async #inTurn<T>(
    use: CloneUse,
    wish: RoomWish | undefined,
    request: CacheRequest,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const onWait = (text: string): void => request.onProgress({ phase: 'room', text });
    const admit = (wanted: RoomWish, mayLeave = false): Promise<void> =>
      this.#room.admit(use, wanted, request.signal, { onWait, mayLeave });
    const attempt = (): Promise<T> => run(AbortSignal.any([request.signal, use.stop.signal]));
    if (wish) await admit(wish, request.mayLeave);
    try {
      return await attempt();
    } catch (error) {
      request.signal.throwIfAborted();
      const alone = { isAlone: true, isUrgent: request.isUrgent ?? false };
      if (use.stopped) {
        if (!use.stopped.besideOthers || use.isAlone) throw error;
        await admit({ ...alone, expectedBytes: use.stopped.bytes, isMeasured: true });
      } else if (!isFullDisk(error)) throw error;
      else if (!(await this.#freesSome(use, request.signal))) {
        if (!this.#room.hasOthers(use)) throw error;
        await admit({ ...alone, expectedBytes: use.reservedBytes || RESCUE_BYTES, isMeasured: false });
      }
    }
    return await attempt();
  }

  /** For a disk that is full although it was watched (it filled faster than that): what may go goes. */
  async #freesSome(use: CloneUse, signal: AbortSignal): Promise<boolean> {
    const bytes = Math.max(use.reservedBytes, RESCUE_BYTES);
    const { evicted } = await this.#room.makeRoom(bytes, 'most', signal);
    if (evicted.length > 0) return true;
    // Bytes are there, so it is full by another measure: inodes, or a quota, of which the file system tells nothing.
    return (await this.#room.free(bytes, signal)).evicted.length > 0;
  }

  async #restoreIfCold(
    use: CloneUse,
    before: CloneRecord | undefined,
    request: CacheRequest,
    signal: AbortSignal,
  ): Promise<CloneRestore> {
    const isCold = before?.cold && this.#context.settings().coldStorage && !existsSync(use.path);
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
    const { clones, settings, log } = this.#context;
    const { url, directory, cold } = record;
    const total = formatBytes(cold.bytes);
    try {
      await this.#cold.restore(record, settings().directory, {
        signal,
        onProgress: bytes =>
          onProgress({
            phase: 'fetch',
            text: `Restoring from cold storage: ${formatBytes(bytes)} of ${total}`,
          }),
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
    const { clones, clock, log } = this.#context;
    try {
      const [bytes, notes] = await Promise.all([diskUsage(path), readNotes(path)]);
      await clones.change(url, {
        directory,
        onDisk: bytes > 0,
        sized: true,
        lastUsedAtMs: clock.nowMs(),
        // What is gone keeps the figures that it had.
        bytes: bytes === 0 ? undefined : bytes,
        lean: notes?.lean,
      });
    } catch (error) {
      log.warn({ target: url, err: error }, 'could not record the use of a clone');
    }
  }

  /**
   * What a fetch has grown beyond the budgets goes from the other end. That it cannot be, the next who asks for room
   * hears.
   */
  async #settle(signal: AbortSignal): Promise<void> {
    try {
      await this.#room.makeRoom(0, 'most', signal);
    } catch (error) {
      if (!signal.aborted) this.#context.log.warn({ err: error }, 'could not make room after a bake');
    }
  }
}

/** Whether it is the disk of the clones that has no room left, in which case it is worth trying again. */
function isFullDisk(error: unknown): boolean {
  const { code, operation } = asSluiceError(error);
  return code === 'disk_full' && /^(git|clone|restore)/.test(operation ?? '');
}
