import type { Claim, ClaimRequest, Failed, Next, Placement, Put, Work } from '../../src/engine/work/work.ts';
import type { StoreChange } from '../../src/keep/store/change.ts';

/** A queue whose every call asks `before` first: it may throw, wait, or count. */
export class FaultyWork implements Work {
  readonly #work: Work;
  readonly #before: (call: keyof Work) => void | Promise<void>;

  constructor(work: Work, before: (call: keyof Work) => void | Promise<void>) {
    this.#work = work;
    this.#before = before;
  }

  async put(key: string, placement: Placement) {
    await this.#before('put');
    return this.#work.put(key, placement);
  }

  async putAll(items: readonly Put[], change?: StoreChange) {
    await this.#before('putAll');
    return this.#work.putAll(items, change);
  }

  async drop(key: string) {
    await this.#before('drop');
    return this.#work.drop(key);
  }

  async claim(request: ClaimRequest) {
    await this.#before('claim');
    return this.#work.claim(request);
  }

  async heartbeat(claims: readonly Claim[], leaseMs: number) {
    await this.#before('heartbeat');
    return this.#work.heartbeat(claims, leaseMs);
  }

  async complete(claim: Claim, next: Next) {
    await this.#before('complete');
    return this.#work.complete(claim, next);
  }

  async fail(claim: Claim, failure: Failed) {
    await this.#before('fail');
    return this.#work.fail(claim, failure);
  }

  async release(claim: Claim, until?: { runAtMs: number; reason: string }) {
    await this.#before('release');
    return this.#work.release(claim, until);
  }

  async releaseDead() {
    await this.#before('releaseDead');
    return this.#work.releaseDead();
  }

  onWork(listener: () => void) {
    return this.#work.onWork(listener);
  }

  async nextDueAt(query: { kinds?: readonly string[]; afterMs: number }) {
    await this.#before('nextDueAt');
    return this.#work.nextDueAt(query);
  }

  get(key: string) {
    return this.#work.get(key);
  }

  upcoming(limit: number) {
    return this.#work.upcoming(limit);
  }

  running(limit: number) {
    return this.#work.running(limit);
  }

  counts() {
    return this.#work.counts();
  }
}
