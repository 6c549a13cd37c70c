import type { SluiceError } from '../../../base/errors.ts';

/** How slow something that comes from elsewhere may be. */
export interface PatienceLimits {
  /** So many bytes have to come … */
  readonly bytes: number;
  /** … within so long, again and again. */
  readonly withinMs: number;
  /** For all of it, however well it moves; Infinity for no such limit. */
  readonly longestMs: number;
}

/** What became too slow: too little came for `withinMs`, or it was not done after `longestMs`. */
export type TooSlow =
  | { readonly kind: 'stalled'; readonly forMs: number }
  | { readonly kind: 'endless'; readonly afterMs: number };

/** Looks in each span of `withinMs`. */
const LOOKS = 8;

/**
 * A limit of time that moves along while enough comes, so that what is slow but goes on comes to its end, and what only
 * drips, or chatters, does not keep its worker.
 *
 *   moving ──`bytes` more have come, or `moved()`──▶ moving, `withinMs` more
 *      └────neither for `withinMs`, or `longestMs` over──▶ over: `signal` aborts
 */
export class Patience {
  /** Aborts when it is too slow, with what `asError` makes of that, and with `parent`. */
  readonly signal: AbortSignal;
  readonly #limits: PatienceLimits;
  readonly #over = new AbortController();
  readonly #asError: (why: TooSlow) => SluiceError;
  readonly #look: NodeJS.Timeout;
  readonly #last: NodeJS.Timeout | undefined;
  #arrivedBytes: () => Promise<number | undefined> = async () => undefined;
  #countedBytes: number | undefined;
  readonly #monotonicMs: () => number;
  #movedAtMs: number;

  /** @param monotonicMs the machine's own time, which git and the network keep to, whatever a `Clock` says */
  constructor(
    limits: PatienceLimits,
    asError: (why: TooSlow) => SluiceError,
    parent?: AbortSignal,
    monotonicMs = () => performance.now(),
  ) {
    this.#limits = limits;
    this.#monotonicMs = monotonicMs;
    this.#movedAtMs = monotonicMs();
    this.#asError = asError;
    this.signal = parent ? AbortSignal.any([parent, this.#over.signal]) : this.#over.signal;
    this.#look = setInterval(() => void this.#judge(), limits.withinMs / LOOKS);
    this.#last = afterMs(limits.longestMs, () => this.#end({ kind: 'endless', afterMs: limits.longestMs }));
  }

  /** From now on this tells how many bytes have come; undefined, or less than before, tells nothing. Must not throw. */
  watch(arrivedBytes: () => Promise<number | undefined>): void {
    this.#arrivedBytes = arrivedBytes;
    this.#countedBytes = undefined;
  }

  /** It moves, although no bytes come. */
  moved(): void {
    this.#movedAtMs = this.#monotonicMs();
  }

  /** To be called at the end. */
  close(): void {
    clearInterval(this.#look);
    clearTimeout(this.#last);
  }

  #end(why: TooSlow): void {
    this.close();
    this.#over.abort(this.#asError(why));
  }

  async #judge(): Promise<void> {
    const { bytes, withinMs } = this.#limits;
    const arrivedBytes = (await this.#arrivedBytes()) ?? 0;
    // The next file, or the next process, counts from its own beginning.
    if (arrivedBytes < (this.#countedBytes ?? Number.POSITIVE_INFINITY)) this.#countedBytes = arrivedBytes;
    if (arrivedBytes - (this.#countedBytes ?? 0) >= bytes) {
      this.#countedBytes = arrivedBytes;
      this.moved();
    } else if (this.#monotonicMs() - this.#movedAtMs >= withinMs) {
      this.#end({ kind: 'stalled', forMs: withinMs });
    }
  }
}

function afterMs(ms: number, action: () => void): NodeJS.Timeout | undefined {
  return ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(action, ms);
}
