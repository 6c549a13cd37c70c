import { SluiceError } from '../../../base/errors.ts';
import { Serializer } from '../../../base/serializer.ts';
import { formatBytes } from '../../../base/units.ts';
import {
  decideAdmission,
  FIRST_GUESS_BYTES,
  type HeldClone,
  type RoomAnswer,
  type RoomWish,
} from './admission.ts';
import { chooseEvictions, type Room, type Shortage } from './choose.ts';
import type { CloneUse } from './clone-use.ts';
import type { CacheContext } from './context.ts';
import { evictClone } from './evict.ts';
import { grownBytesOf, type MeasuredRoom, measureMissing, measureRoom } from './measure-room.ts';
import { noRoom } from './no-room.ts';
import { type LinePlace, WaitingLine } from './waiting-line.ts';

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

interface Waiter extends LinePlace {
  readonly use: CloneUse;
}

/** How often the room is measured while something grows: with plenty of it, and where it is scarce. */
const CHECK_EVERY_MS = 200;
const CHECK_SCARCE_EVERY_MS = 25;
/** With more room than this nothing is watched closely, however large clones are: no disk fills faster. */
const WATCHED_BELOW_BYTES = 512 * 2 ** 20;
/** Measuring takes at most this share of the time. */
const CHECK_SHARE = 1 / 5;
/** Whoever waits looks again after so long, since other processes announce nothing. */
const LOOK_AGAIN_MS = 500;
/** Whoever waits elsewhere comes back after so long for each place in the line, */
const AWAY_MS = 5000;
const LONGEST_AWAY_MS = 10 * 60_000;
/** and has lost the place when so much later. */
const LATE_MS = 60_000;
/** Holders of claims outside of this process's work in clones are waited for so long. */
const WAIT_FOR_OTHERS_MS = 10 * 60_000;
/** A clone that was there already and grows by less than this is not what fills the disk. */
const SMALL_GROWTH_BYTES = 2 ** 20;
/**
 * Keeps the cache within its budgets: one eviction after the other, however many ask; room is set aside before a clone
 * grows into it, or waited for; and a check now and then while clones grow. What two processes do beside each other
 * each sees through the records, the claims and the disk itself.
 *
 *   no clone in use ──begin──▶ checking, the oftener the less room there is ──last end──▶ no clone in use
 *                                  │ too little room, nothing left to evict
 *                                  └──▶ uses that grow are stopped with cache_full, those beyond their leave first
 */
export class RoomKeeper {
  readonly #context: CacheContext;
  readonly #uses = new Set<CloneUse>();
  readonly #line: WaitingLine<Waiter>;
  readonly #evictions = new Serializer();
  /** Less room than the largest clone may take is watched closely. */
  #scarceBelowBytes = FIRST_GUESS_BYTES;
  #isScarce = true;
  #cancelCheck: () => void = () => undefined;

  constructor(context: CacheContext) {
    this.#context = context;
    this.#line = new WaitingLine(() => context.clock.monotonicMs());
  }

  /** Notes that work in a clone begins. To be ended by `end`, whatever happens. */
  begin(use: CloneUse): void {
    this.#uses.add(use);
    if (this.#uses.size === 1) this.#checkLater(CHECK_SCARCE_EVERY_MS);
  }

  /** Whether other work of this process is under way in clones. */
  hasOthers(use: CloneUse): boolean {
    return [...this.#uses].some(other => other !== use && other.state !== 'waiting');
  }

  end(use: CloneUse): void {
    this.#uses.delete(use);
    if (this.#uses.size === 0) this.#cancelCheck();
    this.#line.changed();
  }

  /**
   * Sets room aside for a clone that will grow, by evictions or by waiting for others to end; `use` may grow then.
   * @param how `onWait` is called with why it has to wait, whenever that changes; with `mayLeave` it does not wait here,
   *   keeps its place in the line, and is to come back
   * @throws SluiceError `cache_full` where not even alone there is room for it, `room_awaited` with the time to come back
   *   at, and the signal's reason
   */
  async admit(
    use: CloneUse,
    wish: RoomWish,
    signal: AbortSignal,
    { onWait, mayLeave }: { readonly onWait: (words: string) => void; readonly mayLeave: boolean },
  ): Promise<void> {
    const { clock } = this.#context;
    const { url: name } = use;
    const giveWay = new AbortController();
    const waiter: Waiter = { use, name, isUrgent: wish.isUrgent, giveWay, othersSinceMs: undefined };
    Object.assign(use, { state: 'waiting', stopped: undefined, stop: new AbortController() });
    this.#line.enter(waiter);
    const held = AbortSignal.any([signal, giveWay.signal, this.#context.closing]);
    const startMs = clock.monotonicMs();
    let lastWords: string | undefined;
    try {
      for (;;) {
        held.throwIfAborted();
        const { change } = this.#line;
        const admission = this.#line.isFirst(waiter)
          ? await this.#evictions.run(() => this.#tryToAdmit(use, wish, held))
          : undefined;
        if (admission?.answer === 'admit') return;
        const isForOthers = admission?.answer === 'wait' && admission.on === 'others';
        if (admission) {
          waiter.othersSinceMs = isForOthers ? (waiter.othersSinceMs ?? clock.monotonicMs()) : undefined;
          const waitedMs = clock.monotonicMs() - (waiter.othersSinceMs ?? clock.monotonicMs());
          this.#refuseWhoCannot(use, admission, waitedMs);
        }
        const words = this.#whyItWaits(admission);
        // With room for all, those in line wait for a moment only.
        const isLong = admission !== undefined || clock.monotonicMs() - startMs >= LOOK_AGAIN_MS;
        if (isLong && mayLeave) throw this.#stepOut(waiter, words);
        if (isLong && words !== lastWords) {
          lastWords = words;
          onWait(words);
        }
        await this.#changeOrLater(change, held);
      }
    } finally {
      if (use.state === 'waiting') use.state = 'at work';
      this.#line.leave(waiter);
    }
  }

  /** The farther back in the line, the later it is worth coming back. */
  #stepOut(waiter: Waiter, words: string): SluiceError {
    const awayMs = Math.min((this.#line.positionOf(waiter) + 1) * AWAY_MS, LONGEST_AWAY_MS);
    this.#line.stepOut(waiter, awayMs + LATE_MS);
    const details = { operation: 'clone', subject: waiter.name, retryAfterMs: awayMs };
    return new SluiceError('room_awaited', words, details);
  }

  /**
   * Evicts until both budgets hold with what is set aside and `bytes` more.
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
    const { clones } = await this.#measure();
    const evictable = clones.filter(({ pinned, inUse }) => !pinned && !inUse);
    return evictable.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Resolves when no eviction is under way. */
  async idle(): Promise<void> {
    await this.#evictions.idle();
  }

  /** The room there is. */
  async room(): Promise<Room> {
    return (await this.#measure()).room;
  }

  /** Decides, and evicts what has to go for it. What cannot be evicted is left out of the next decision. */
  async #tryToAdmit(use: CloneUse, wish: RoomWish, signal: AbortSignal): Promise<RoomAnswer> {
    const passed = new Set<string>();
    for (;;) {
      const admission = decideAdmission(wish, await this.#measure(passed));
      if (admission.answer !== 'admit') return admission;
      const { neededBytes, reservedBytes, isUnknown } = admission;
      const needed = (room: Room): Room => ({ ...room, neededBytes });
      const { short } = await this.#evictUntilEnough(needed, 'enough', signal, passed);
      if (short) continue;
      Object.assign(use, { state: 'growing', reservedBytes, isUnknown, isAlone: wish.isAlone });
      return admission;
    }
  }

  #refuseWhoCannot(
    use: CloneUse,
    admission: Exclude<RoomAnswer, { answer: 'admit' }>,
    waitedMs: number,
  ): void {
    const settings = this.#context.settings();
    if (admission.answer === 'refuse') throw noRoom(use.url, admission.short, settings);
    const { on, short } = admission;
    if (on === 'others' && short && waitedMs > WAIT_FOR_OTHERS_MS) throw noRoom(use.url, short, settings);
    if (on !== 'waiter' || !short) return;
    // Those at the end of the line keep their clones from the first one, which waits for nobody else.
    const last = this.#line.places.findLast(place => place.use !== use && place.use.beforeBytes > 0);
    last?.giveWay.abort(noRoom(last.use.url, short, settings));
  }

  #whyItWaits(admission: RoomAnswer | undefined): string {
    if (!admission) return 'waiting for room: others wait for it, too';
    const short = admission.answer === 'wait' ? admission.short : undefined;
    const what = short ? `: ${formatBytes(short.missingBytes)} too little for cache.${short.bound}` : '';
    return `waiting for room until others are done${what}`;
  }

  async #changeOrLater(change: Promise<void>, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    try {
      const later = this.#context.clock.sleep(LOOK_AGAIN_MS, AbortSignal.any([signal, over.signal]));
      await Promise.race([change, later]);
    } finally {
      over.abort();
    }
  }

  async #measure(passed?: ReadonlySet<string>): Promise<MeasuredRoom> {
    const measured = await measureRoom(this.#context, [...this.#uses], passed);
    this.#scarceBelowBytes = Math.min(2 * measured.usual.largestBytes, WATCHED_BELOW_BYTES);
    return measured;
  }

  async #evictUntilEnough(
    adjust: (room: Room) => Room,
    how: 'enough' | 'most',
    signal: AbortSignal,
    passed = new Set<string>(),
  ): Promise<MadeRoom> {
    const evicted: HeldClone[] = [];
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

  #checkLater(ms: number): void {
    const { clock, log } = this.#context;
    this.#cancelCheck = clock.timer(ms, () => {
      const startMs = clock.monotonicMs();
      this.#check()
        .catch(error => log.warn({ err: error }, 'could not look at the room for clones'))
        .finally(() => {
          if (this.#uses.size === 0) return;
          const tookMs = clock.monotonicMs() - startMs;
          const everyMs = this.#isScarce ? CHECK_SCARCE_EVERY_MS : CHECK_EVERY_MS;
          this.#checkLater(Math.max(everyMs, tookMs * (1 / CHECK_SHARE - 1)));
        });
    });
  }

  /** Evicts while clones grow into what must stay free; stops as many as need be where nothing is left to evict. */
  async #check(): Promise<void> {
    const missing = await measureMissing(this.#context, [...this.#uses]);
    this.#isScarce = missing > -this.#scarceBelowBytes;
    if (missing <= 0) return;
    const stopping = [...this.#uses].filter(({ stop }) => stop.signal.aborted);
    const returning = await grownBytesOf(stopping);
    // Those that were stopped give their room back first.
    if (missing <= returning) return;
    const now = (seen: Room): Room => ({ ...seen, neededBytes: -returning });
    const { short } = await this.#evictions.run(() =>
      this.#evictUntilEnough(now, 'most', this.#context.closing),
    );
    if (short) await this.#stopSome(short);
  }

  /** Those that took more than they had leave for go first, and of these the one begun last. */
  async #stopSome(short: Shortage): Promise<void> {
    const working = [...this.#uses].filter(use => use.state !== 'waiting' && !use.stop.signal.aborted);
    const usages = await Promise.all(working.map(async use => ({ use, ...(await use.usage()) })));
    const growing = usages
      .reverse()
      .filter(({ use, grownBytes }) => grownBytes > (use.beforeBytes === 0 ? 0 : SMALL_GROWTH_BYTES))
      .sort((a, b) => Number(isWithinLeave(a)) - Number(isWithinLeave(b)));
    let left = short.missingBytes;
    for (const { use, grownBytes } of growing) {
      if (left <= 0) return;
      left -= grownBytes;
      use.stopped = { bytes: grownBytes, besideOthers: working.length > 1 };
      use.stop.abort(noRoom(use.url, short, this.#context.settings()));
    }
  }
}

function isWithinLeave({
  use,
  grownBytes,
}: {
  readonly use: CloneUse;
  readonly grownBytes: number;
}): boolean {
  return grownBytes <= use.reservedBytes;
}
