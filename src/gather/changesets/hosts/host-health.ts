import type { Clock } from '../../../base/clock.ts';
import { ClockWatch } from '../../../base/clock-watch.ts';
import { CATALOGUE, type ErrorCode, type SluiceError, toErrorRecord } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import type { Random } from '../../../base/random.ts';
import type { WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim, Priority } from '../../../engine/queue/work-queue.ts';
import { nextTry, SYNC_RETRY } from '../../../engine/retry.ts';
import type { Pause } from '../../../keep/local/pauses.ts';

/**
 * Whether the work at a host may run, so that a host that refuses the token, is down or has had enough stops as a
 * whole, with one message, and not item by item:
 *
 *   open ──used up──▶ limited ──the time comes──────────────────▶ open
 *                        only ordinary work waits until raised work is refused as well: it has a share of its own
 *     ├──token refused──▶ refused ──an hour, or forgive()──▶ probing ──success──▶ open
 *     └──down──▶ down ──2 min, doubling to 15 min──▶ probing   └─failure─▶ refused, down
 *
 * Beside that, a person may pause a host: nothing of it runs then, raised work included.
 *
 * `probing`: the hold has ended, and one item runs; its end decides. An open host is held at once for what is said of
 * the host or its tokens (no address, nothing answers, every token refused or used up); what may be the fault of one
 * item alone (an error of the server, a page where JSON should be, silence) takes several items without one that was
 * answered between them.
 */
/** `paused`: by a person, until one has it go on. */
export type HostHoldKind = 'limited' | 'refused' | 'down' | 'paused';

export interface HostHold {
  readonly host: string;
  readonly kind: HostHoldKind;
  readonly sinceMs: number;
  /** 0 where nobody knows: it is paused. */
  readonly untilMs: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  /** Only ordinary work waits: a share of the budget is kept for what was raised. */
  readonly sparesHigh: boolean;
  /** Failures in a row. */
  readonly failures: number;
}

const HOUR_MS = 3_600_000;
/** A host that is down is asked again at least this often: one call a quarter of an hour is little. */
const DOWN_RETRY = { ...SYNC_RETRY, maxMs: 15 * 60_000 };

/** Of a claim, what tells it and its place in line apart. */
type ClaimedItem = Pick<Claim, 'key' | 'priority'>;

/** What one item alone may run into. */
const OF_ITEM_PERHAPS = new Set<ErrorCode>([
  'host_failing',
  'connection_lost',
  'timed_out',
  'forge_answer_invalid',
  'token_wanted',
]);
/** Waits for credentials that are used up, where the host does not say for how long. */
const UNTOLD_WAIT_MS = 60_000;
/** So many items are no accident. */
const SEVERAL = 3;

/** What an error that concerned a whole request says of the host; undefined: nothing. */
export function holdKindOf(error: Pick<SluiceError, 'code' | 'holds'>): HostHoldKind | undefined {
  // It is of some of its credentials, and others have other work there.
  if (error.holds === 'profile') return undefined;
  switch (error.code) {
    case 'rate_limited':
      return 'limited';
    case 'token_refused':
    case 'token_wanted':
      return 'refused';
    case 'host_unknown':
    case 'host_unreachable':
    case 'host_failing':
    case 'connection_lost':
    case 'timed_out':
    case 'tls_failed':
    case 'forge_answer_invalid':
      return 'down';
    default:
      return undefined;
  }
}

export class HostHealth {
  readonly #clock: Clock;
  readonly #clockWatch: ClockWatch;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #holds = new Map<string, HostHold>();
  /** By host: items that have failed since one was answered. */
  readonly #failedItems = new Map<string, Set<string>>();
  readonly #pauses: () => readonly Pause[];

  /** @param pauses what somebody paused, as it is now */
  constructor({
    clock,
    random,
    log,
    pauses = () => [],
  }: {
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Logger;
    readonly pauses?: (() => readonly Pause[]) | undefined;
  }) {
    this.#pauses = pauses;
    this.#clock = clock;
    this.#clockWatch = new ClockWatch(clock);
    this.#random = random;
    this.#log = log;
  }

  /**
   * Work on one item failed at the host.
   * @returns the hold that follows; undefined: the host goes on
   */
  recordFailure(
    host: string,
    error: SluiceError,
    item: ClaimedItem,
    kind = holdKindOf(error),
  ): HostHold | undefined {
    if (kind === undefined) return undefined;
    const nowMs = this.nowMs();
    const before = this.#holds.get(host);
    if (before === undefined && OF_ITEM_PERHAPS.has(error.code)) {
      const failed = this.#failedItems.get(host) ?? new Set();
      this.#failedItems.set(host, failed.add(item.key));
      if (failed.size < SEVERAL) return undefined;
    }
    // What was under way beside the one that failed first is no further failure.
    const isWider = before?.sparesHigh === true && item.priority === 'high';
    if (before?.kind === kind && before.untilMs > nowMs && !isWider) return before;
    const failures = before?.kind === kind ? before.failures + 1 : 1;
    const hold: HostHold = {
      host,
      kind,
      failures,
      untilMs: this.#untilMs(kind, failures, error, nowMs),
      sinceMs: before?.kind === kind ? before.sinceMs : nowMs,
      sparesHigh: kind === 'limited' && item.priority !== 'high',
      ...toErrorRecord(error),
    };
    this.#holds.set(host, hold);
    if (before?.kind !== kind) {
      const { message, hint, code } = hold;
      this.#log.warn({ host, code, hint, until: iso(hold.untilMs) }, `${host} is on hold: ${message}`);
    }
    return hold;
  }

  /** A request was answered: the host is well, and what waits may go on. */
  recordSuccess(host: string): void {
    this.#failedItems.delete(host);
    const nowMs = this.nowMs();
    const hold = this.#holds.get(host);
    // A limit holds until its time comes, though what is kept for raised work goes on meanwhile.
    if (!hold || (hold.kind === 'limited' && hold.untilMs > nowMs)) return;
    this.#holds.delete(host);
    if (hold.kind !== 'limited') this.#log.info({ host }, `${host} answers again`);
  }

  nowMs(): number {
    const setBackMs = this.#clockWatch.setBackMs();
    if (setBackMs > 0) {
      for (const hold of this.#holds.values()) {
        const { sinceMs, untilMs } = hold;
        this.#holds.set(hold.host, { ...hold, sinceMs: sinceMs - setBackMs, untilMs: untilMs - setBackMs });
      }
    }
    return this.#clock.nowMs();
  }

  /** Lets a host that is on hold be tried at once: by hand, or since the configuration has changed. */
  forgive(host?: string): void {
    const nowMs = this.nowMs();
    for (const hold of this.#holds.values()) {
      // A limit is the host's word, which nothing here changes.
      if ((host !== undefined && hold.host !== host) || hold.kind === 'limited') continue;
      this.#holds.set(hold.host, { ...hold, untilMs: nowMs });
    }
  }

  /** The hold in force for items of that priority; undefined when they run, if only to probe. */
  holdOf(host: string, priority: Priority): HostHold | undefined {
    const paused = this.#pauseOf(host);
    if (paused) return paused;
    const nowMs = this.nowMs();
    const hold = this.#holds.get(host);
    if (!hold || hold.untilMs <= nowMs) return undefined;
    return hold.sparesHigh && priority === 'high' ? undefined : hold;
  }

  /** Every host that is paused, on hold or being probed. */
  holds(): readonly HostHold[] {
    const nowMs = this.nowMs();
    const paused = this.#pauses().flatMap(({ kind, name }) =>
      kind === 'host' ? [this.#pauseOf(name)].filter(hold => hold !== undefined) : [],
    );
    const others = [...this.#holds.values()].filter(
      hold =>
        !paused.some(({ host }) => host === hold.host) && (hold.kind !== 'limited' || hold.untilMs > nowMs),
    );
    return [...paused, ...others];
  }

  #pauseOf(host: string): HostHold | undefined {
    const pause = this.#pauses().find(({ kind, name }) => kind === 'host' && name === host);
    return pause && pausedHost(pause);
  }

  /** How many items of a host and that priority may run at once, of `full` at the most. */
  allowedConcurrency(host: string, full: number, priority: Priority): number {
    if (this.#pauseOf(host)) return 0;
    const nowMs = this.nowMs();
    const hold = this.#holds.get(host);
    if (!hold) return full;
    if (hold.untilMs > nowMs) return hold.sparesHigh && priority === 'high' ? full : 0;
    return hold.kind === 'limited' ? full : 1;
  }

  #untilMs(kind: HostHoldKind, failures: number, error: SluiceError, nowMs: number): number {
    if (kind === 'refused') return nowMs + HOUR_MS;
    if (kind === 'limited') return nowMs + Math.max(error.retryAfterMs ?? 60_000, 1000);
    const transient = { code: error.code, answer: 'retry', retryAfterMs: error.retryAfterMs } as const;
    const decision = nextTry(DOWN_RETRY, failures, transient, this.#random, nowMs);
    return 'retryAtMs' in decision ? decision.retryAtMs : nowMs + DOWN_RETRY.maxMs;
  }
}

/**
 * What follows where work at a host failed. Where the host as a whole is to stop, for its limit or the token, that is
 * no failure of the item: it keeps its place in line. Anything else is thrown on, a host that is down included.
 */
export function postponeForHost(
  error: SluiceError,
  claim: Claim,
  { health }: { readonly health: HostHealth },
  host: string,
  kind = holdKindOf(error),
): WorkOutcome {
  if (error.code === 'rate_limited' && kind === undefined) {
    return { postponedToMs: health.nowMs() + (error.retryAfterMs ?? UNTOLD_WAIT_MS), reason: claim.reason };
  }
  const hold = health.recordFailure(host, error, claim, kind);
  if (!hold || hold.kind === 'down') throw error;
  return { postponedToMs: claim.runAtMs, reason: claim.reason };
}

function pausedHost({ name, sinceMs }: Pause): HostHold {
  return {
    host: name,
    kind: 'paused',
    sinceMs,
    untilMs: 0,
    code: 'paused',
    message: 'paused by hand',
    hint: CATALOGUE.paused.remedy,
    sparesHigh: false,
    failures: 0,
  };
}

/** Why a host's items wait, in words. */
export function holdReason({ kind, code, message, untilMs }: HostHold): string {
  if (kind === 'paused') return message;
  if (kind === 'limited') return `${message.replace(/; calls go on at .*/, '')}, until ${iso(untilMs)}`;
  if (kind === 'refused') return `stopped: ${message}`;
  return `the host is down, backing off after error ${code} until ${iso(untilMs)}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
