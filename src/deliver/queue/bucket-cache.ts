import type { Clock } from '../../base/clock.ts';
import { SluiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Destination } from '../destinations.ts';

export interface BucketCacheOptions {
  readonly clock: Clock;
  /** How long an answer counts. */
  readonly keepMs: number;
  /** How long "it is not there" counts. */
  readonly keepMissingMs: number;
  /** Says once that a bucket does not exist, until it does; silent where not given. */
  readonly log?: Logger;
}

interface Answer {
  readonly exists: boolean;
  readonly untilMs: number;
}

/**
 * Whether buckets exist: ListBuckets, and HeadBucket where the key may not list or the list does not name it (buckets
 * of other accounts are in no list). Answers are kept for minutes; callers that come together share one question.
 */
export class BucketCache {
  readonly #options: BucketCacheOptions;
  readonly #answers = new Map<string, Answer>();
  readonly #asking = new Map<string, Promise<boolean>>();

  constructor(options: BucketCacheOptions) {
    this.#options = options;
  }

  /** What is known without asking. */
  known(profile: string, bucket: string): boolean | undefined {
    const answer = this.#answers.get(`${profile}/${bucket}`);
    return answer && answer.untilMs > this.#options.clock.monotonicMs() ? answer.exists : undefined;
  }

  /** Throws what the store throws when it cannot be asked. */
  async exists(destination: Destination, bucket: string, signal: AbortSignal): Promise<boolean> {
    const known = this.known(destination.profile, bucket);
    if (known !== undefined) return known;
    const name = `${destination.profile}/${bucket}`;
    let asking = this.#asking.get(name);
    if (!asking) {
      asking = this.#ask(destination, bucket, signal).finally(() => this.#asking.delete(name));
      this.#asking.set(name, asking);
    }
    return asking;
  }

  /** All buckets that the profile may see. */
  async list({ profile, store }: Destination, signal: AbortSignal): Promise<string[]> {
    const buckets = await store.listBuckets({ signal });
    for (const bucket of buckets) this.#note(profile, bucket, true);
    return buckets;
  }

  /** A failure hints that what is known may be wrong. */
  forget(profile: string, bucket: string): void {
    this.#answers.delete(`${profile}/${bucket}`);
  }

  /** Somebody asks for a sync now: what was missing may have been made meanwhile. */
  askAgainForMissing(): void {
    for (const [name, { exists }] of this.#answers) {
      if (!exists) this.#answers.set(name, { exists, untilMs: 0 });
    }
  }

  async #ask(destination: Destination, bucket: string, signal: AbortSignal): Promise<boolean> {
    try {
      if ((await this.list(destination, signal)).includes(bucket)) return true;
    } catch (error) {
      // Where somebody else answers, a proxy may let through nothing but what is about a bucket.
      const mayNotList =
        error instanceof SluiceError &&
        ['access_denied', 'not_supported', 'answer_invalid'].includes(error.code);
      if (!mayNotList) throw error;
    }
    try {
      await destination.store.headBucket(bucket, { signal });
      return this.#note(destination.profile, bucket, true);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      if (error.code === 'bucket_missing') return this.#note(destination.profile, bucket, false);
      // A key may be allowed to put objects and nothing else: the upload will show it.
      if (error.code === 'access_denied' || error.code === 'not_supported')
        return this.#note(destination.profile, bucket, true);
      throw error;
    }
  }

  #note(profile: string, bucket: string, exists: boolean): boolean {
    const { clock, keepMs, keepMissingMs, log } = this.#options;
    const name = `${profile}/${bucket}`;
    if (!exists && this.#answers.get(name)?.exists !== false) {
      const message = `bucket ${bucket} of profile ${profile} does not exist; its files wait`;
      log?.error({ profile, bucket }, message);
    }
    this.#answers.set(name, {
      exists,
      untilMs: clock.monotonicMs() + (exists ? keepMs : keepMissingMs),
    });
    return exists;
  }
}
