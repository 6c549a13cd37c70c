import type {
  Claim,
  ClaimRequest,
  DueSpans,
  NextRun,
  ScheduleEntry,
  ScheduleRequest,
  UndoneWork,
  WorkChoice,
  WorkFailure,
  WorkQueue,
} from '../../src/engine/queue/work-queue.ts';
import type { StoreChange } from '../../src/keep/store/change.ts';

/** A queue whose every call asks `before` first: it may throw, wait, or count. */
export class FaultyWorkQueue implements WorkQueue {
  readonly #queue: WorkQueue;
  readonly #before: (call: keyof WorkQueue) => void | Promise<void>;

  constructor(queue: WorkQueue, before: (call: keyof WorkQueue) => void | Promise<void>) {
    this.#queue = queue;
    this.#before = before;
  }

  get leaseMs() {
    return this.#queue.leaseMs;
  }

  async put(key: string, placement: ScheduleRequest) {
    await this.#before('put');
    return this.#queue.put(key, placement);
  }

  async putAll(entries: readonly ScheduleEntry[], changes?: readonly StoreChange[]) {
    await this.#before('putAll');
    return this.#queue.putAll(entries, changes);
  }

  async drop(key: string) {
    await this.#before('drop');
    return this.#queue.drop(key);
  }

  async claim(request: ClaimRequest) {
    await this.#before('claim');
    return this.#queue.claim(request);
  }

  async heartbeat(claims: readonly Claim[], leaseMs: number) {
    await this.#before('heartbeat');
    return this.#queue.heartbeat(claims, leaseMs);
  }

  async complete(claim: Claim, next: NextRun) {
    await this.#before('complete');
    return this.#queue.complete(claim, next);
  }

  async fail(claim: Claim, failure: WorkFailure) {
    await this.#before('fail');
    return this.#queue.fail(claim, failure);
  }

  async release(claim: Claim, undone?: UndoneWork) {
    await this.#before('release');
    return this.#queue.release(claim, undone);
  }

  async releaseDead() {
    await this.#before('releaseDead');
    return this.#queue.releaseDead();
  }

  onWork(listener: () => void) {
    return this.#queue.onWork(listener);
  }

  async nextDueAt(query: { kinds?: readonly string[]; afterMs: number }) {
    await this.#before('nextDueAt');
    return this.#queue.nextDueAt(query);
  }

  get(key: string) {
    return this.#queue.get(key);
  }

  getMany(keys: readonly string[]) {
    return this.#queue.getMany(keys);
  }

  countDue(spans: DueSpans) {
    return this.#queue.countDue(spans);
  }

  upcoming(limit: number, choice?: WorkChoice, skipped?: number) {
    return this.#queue.upcoming(limit, choice, skipped);
  }

  countUpcoming(choice?: WorkChoice) {
    return this.#queue.countUpcoming(choice);
  }

  running(limit: number) {
    return this.#queue.running(limit);
  }

  async unsettled(lateMs: number) {
    await this.#before('unsettled');
    return this.#queue.unsettled(lateMs);
  }

  counts() {
    return this.#queue.counts();
  }
}
