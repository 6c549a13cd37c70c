import { hash } from 'node:crypto';
import type { Clock } from '../../../base/clock.ts';
import { asSluiceError } from '../../../base/errors.ts';
import { untilAborted } from '../../../base/until-aborted.ts';
import type { AwaitedKey } from '../bucket.ts';
import { isSameKey, type PlainKey } from '../credentials/key.ts';
import { keySourceOf, type LentKey, provideKey } from '../credentials/provided-key.ts';
import { AnswerError, type ErrorAnswer } from './answer.ts';
import { meaningOfS3 } from './error-codes.ts';
import type { S3Profile } from './profile.ts';

export interface KeysOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Reads the profile anew from its file; undefined where it is no longer there. */
  readonly reread?: (() => Promise<S3Profile | undefined>) | undefined;
  /** Gets a key from its source. */
  readonly provide?: typeof provideKey;
}

/** A question to a source, which all share who need the key; it ends with the last of them. */
interface Asking {
  readonly key: Promise<PlainKey>;
  readonly ended: AbortController;
  waiting: number;
}

/** A file is read no more often than this for the sake of refusals. */
const REREAD_PAUSE_MS = 1000;
/** Whoever gives out keys is asked no more often than this: tokens services and programs bear less than a file. */
const PROVIDE_PAUSE_MS = 30_000;
/** How long before it expires a key is asked for anew, so that none expires under a request. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** How long a failure to get a key stands, so that a thousand files do not each ask for one. */
const FAILURE_STANDS_MS = 5000;

/**
 * The key of one profile, whichever way it comes:
 *
 *   none ──use──▶ asking ──a key──▶ held ──expires soon, use──▶ asking (the old one goes on while it holds)
 *                   │                │ ▲
 *                   └─▶ failed, 5 s  │ └── unchanged, or another: the request goes once more
 *                                    └──refused──▶ reading anew ──┘
 *
 * A key that stands in the file is held from the start. Whoever finds that the key has become another (`adopt`, a
 * refusal, a source) tells the listeners.
 */
export class Keys {
  #profile: S3Profile;
  readonly #options: KeysOptions;
  readonly #listeners = new Set<() => void>();
  #held: LentKey | undefined;
  #askAgainAtMs = Number.POSITIVE_INFINITY;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #asking: Asking | undefined;
  #rereadAtMs = Number.NEGATIVE_INFINITY;
  #renewing: Promise<void> | undefined;
  #failure: { readonly error: unknown; readonly untilMs: number } | undefined;

  constructor(profile: S3Profile, options: KeysOptions) {
    this.#profile = profile;
    this.#options = options;
    this.#held = heldOf(profile);
  }

  /**
   * Runs an attempt with the key as it is now. Where the server refuses the key, it is read anew, once: another key
   * goes once more; the same one lets the refusal stand. Waits for a key no longer than the signal lets it.
   */
  async use<T>(attempt: (key: PlainKey) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const key = await this.current(signal);
    try {
      return await attempt(key);
    } catch (error) {
      if (!(error instanceof AnswerError) || !speaksOfKey(error.answer)) throw error;
      await untilAborted(this.#renew(key, signal), signal);
      const next = await this.current(signal).catch(() => key);
      if (isSameKey(next, key)) throw error;
      return attempt(next);
    }
  }

  /** The key to sign with now. Throws bucket_auth_failed where its source gives none; the signal's reason. */
  async current(signal?: AbortSignal): Promise<PlainKey> {
    const nowMs = this.#options.clock.nowMs();
    if (this.#held && nowMs < this.#askAgainAtMs) return this.#held.key;
    if (this.#failure && nowMs < this.#failure.untilMs) throw this.#failure.error;
    return this.#ask(signal);
  }

  /** Goes on with this profile's key. The rest of it must be as it was. */
  adopt(profile: S3Profile): void {
    const isSame = writtenKeyOf(profile) === writtenKeyOf(this.#profile);
    this.#profile = profile;
    if (isSame) return;
    this.#failure = undefined;
    this.#askedAtMs = Number.NEGATIVE_INFINITY;
    this.#askAgainAtMs = Number.POSITIVE_INFINITY;
    this.#held = heldOf(profile);
    this.#tell();
  }

  /** StoreKey.mark: a part of a digest, from which no key can be told. */
  mark(): string {
    return hash('sha256', `sluice key ${writtenKeyOf(this.#profile)}`, 'hex').slice(0, 16);
  }

  /** StoreKey.awaited. */
  awaited(): AwaitedKey | undefined {
    const { provided } = this.#profile;
    const isHeld =
      this.#held !== undefined &&
      this.#options.clock.nowMs() < (this.#held.expiresAtMs ?? Number.POSITIVE_INFINITY);
    if (!this.#asking || !provided || isHeld) return undefined;
    return { sinceMs: this.#askedAtMs, ...keySourceOf(provided) };
  }

  /** Calls `listener` whenever the key has become another; the function returned ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Reads file and source anew, unless somebody has since the refused key was taken. Never throws. */
  #renew(refused: PlainKey, signal: AbortSignal | undefined): Promise<void> {
    if (this.#held && !isSameKey(this.#held.key, refused)) return Promise.resolve();
    this.#renewing ??= this.#readAnew(signal).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #readAnew(signal: AbortSignal | undefined): Promise<void> {
    const { clock, reread } = this.#options;
    const nowMs = clock.nowMs();
    if (reread && nowMs - this.#rereadAtMs >= REREAD_PAUSE_MS) {
      this.#rereadAtMs = nowMs;
      // A file that is half written is read again with the next refusal, and by whoever watches it.
      const profile = await reread().catch(() => undefined);
      if (profile && isSamePlace(profile, this.#profile)) this.adopt(profile);
    }
    if (!this.#profile.provided || nowMs - this.#askedAtMs < PROVIDE_PAUSE_MS) return;
    await this.#ask(signal).catch(() => undefined);
  }

  async #ask(signal: AbortSignal | undefined): Promise<PlainKey> {
    this.#asking ??= this.#beginAsking();
    const asking = this.#asking;
    asking.waiting += 1;
    try {
      return await untilAborted(asking.key, signal);
    } finally {
      asking.waiting -= 1;
      if (asking.waiting === 0) {
        if (this.#asking === asking) this.#asking = undefined;
        asking.ended.abort(signal?.reason);
      }
    }
  }

  #beginAsking(): Asking {
    const ended = new AbortController();
    const key = this.#askSource(ended.signal);
    // Nobody may wait for it any more.
    key.catch(() => undefined);
    return { key, ended, waiting: 0 };
  }

  async #askSource(signal: AbortSignal): Promise<PlainKey> {
    const { clock, provide = provideKey } = this.#options;
    const { provided, region, proxy } = this.#profile;
    if (provided === undefined) throw new Error('a key that stands in a file has no source to ask');
    const before = this.#held;
    const askAgainAtMs = this.#askAgainAtMs;
    const wasFailing = this.#failure !== undefined;
    const nowMs = clock.nowMs();
    this.#askedAtMs = nowMs;
    try {
      const lent = await provide(provided, { region, proxy, signal });
      this.#held = lent;
      this.#failure = undefined;
      const expiresAtMs = lent.expiresAtMs ?? Number.POSITIVE_INFINITY;
      this.#askAgainAtMs = Math.max(expiresAtMs - RENEW_BEFORE_MS, nowMs + PROVIDE_PAUSE_MS);
      // A key that is renewed in time is the same to everybody but the server.
      const isNews = wasFailing || (before && nowMs < askAgainAtMs && !isSameKey(before.key, lent.key));
      if (isNews) this.#tell();
      return lent.key;
    } catch (error) {
      // Nobody waits for it.
      if (signal.aborted) throw error;
      if (before && nowMs < (before.expiresAtMs ?? Number.POSITIVE_INFINITY)) {
        this.#askAgainAtMs = nowMs + PROVIDE_PAUSE_MS;
        return before.key;
      }
      this.#failure = { error: asSluiceError(error), untilMs: nowMs + FAILURE_STANDS_MS };
      throw error;
    }
  }
}

/** The key that stands in the file. */
function heldOf({ accessKeyId, secretAccessKey, sessionToken }: S3Profile): LentKey | undefined {
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  return { key: { accessKeyId, secretAccessKey, sessionToken }, expiresAtMs: undefined };
}

/** Whether both lead to the same place: what differs beyond their keys is for whoever opens stores. */
function isSamePlace(one: S3Profile, other: S3Profile): boolean {
  return one.endpoint === other.endpoint && one.region === other.region;
}

/** What the file says of the key, to be compared. */
function writtenKeyOf({ accessKeyId, secretAccessKey, sessionToken, provided }: S3Profile): string {
  return JSON.stringify([
    accessKeyId,
    secretAccessKey?.reveal(),
    sessionToken?.reveal(),
    provided?.sections.reveal(),
  ]);
}

/** Whether another key might have been answered otherwise. A HEAD is refused without a word. Pure. */
function speaksOfKey(answer: ErrorAnswer): boolean {
  const { speaker, status, code } = answer;
  if (speaker === 'stranger') return false;
  if (code === undefined) return status === 400 || status === 401 || status === 403;
  return ['access_denied', 'bucket_auth_failed', 'key_expired'].includes(meaningOfS3(answer).code);
}
