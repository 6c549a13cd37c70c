import type { Priority, QueueCounts, QueueItem, ScheduleRequest } from '../../src/engine/queue/work-queue.ts';

interface Standing {
  runAtMs: number;
  priority: Priority;
  reason: string;
}

interface ModelItem extends Standing {
  key: string;
  kind: string;
  group: string;
  failures: number;
  lastError: QueueItem['lastError'];
  claim?: { worker: string; untilMs: number; number: number };
  dropped: boolean;
  again?: Standing;
}

/** What the model needs of a claim: `number` in place of the token. */
export interface ModelClaim {
  readonly key: string;
  readonly number: number;
}

/** The contract of `Work` in the plainest form: a list, searched and sorted anew each time. */
export class WorkModel {
  readonly #items = new Map<string, ModelItem>();
  #claims = 0;

  put(key: string, asked: ScheduleRequest): void {
    const item = this.#items.get(key);
    const { kind, group, runAtMs, reason, priority = 'normal' } = asked;
    const to = { runAtMs, reason, priority };
    if (!item) {
      const fresh = { ...to, key, kind, group, failures: 0, lastError: null, dropped: false };
      this.#items.set(key, fresh);
    } else if (item.claim) {
      if (asked.ifAbsent && (!item.dropped || item.again)) return;
      item.again = item.again ? moved(item.again, to) : to;
    } else if (!asked.ifAbsent) {
      Object.assign(item, moved(item, to), { kind, group });
    }
  }

  drop(key: string): void {
    const item = this.#items.get(key);
    if (item?.claim) Object.assign(item, { dropped: true, again: undefined });
    else this.#items.delete(key);
  }

  claim(
    nowMs: number,
    request: { worker: string; kinds?: readonly string[]; keys?: readonly string[] } & {
      max: number;
      perGroup?: (group: string) => number;
      leaseMs: number;
    },
  ): ModelClaim[] {
    const wanted = (item: ModelItem): boolean =>
      request.keys
        ? request.keys.includes(item.key)
        : item.runAtMs <= nowMs && (request.kinds ?? [item.kind]).includes(item.kind);
    const expired = [...this.#items.values()].filter(item => item.claim && item.claim.untilMs <= nowMs);
    for (const item of expired) this.#settle(item, undone(item, nowMs), item.failures);
    const taken: ModelClaim[] = [];
    for (const item of [...this.#items.values()].sort(inLine)) {
      if (taken.length >= request.max || item.claim || !wanted(item)) continue;
      const inGroup = [...this.#items.values()].filter(other => other.claim && other.group === item.group);
      if (request.perGroup && inGroup.length >= request.perGroup(item.group)) continue;
      this.#claims += 1;
      item.claim = { worker: request.worker, untilMs: nowMs + request.leaseMs, number: this.#claims };
      taken.push({ key: item.key, number: this.#claims });
    }
    return taken;
  }

  heartbeat(nowMs: number, claims: readonly ModelClaim[], leaseMs: number): ('held' | 'lost' | 'dropped')[] {
    return claims.map(claim => {
      const item = this.#held(claim);
      if (!item?.claim) return 'lost';
      item.claim.untilMs = nowMs + leaseMs;
      return item.dropped ? 'dropped' : 'held';
    });
  }

  complete(claim: ModelClaim, nextAtMs: number | null): 'settled' | 'lost' {
    const item = this.#held(claim);
    if (!item) return 'lost';
    item.lastError = null;
    this.#settle(
      item,
      nextAtMs === null ? null : { runAtMs: nextAtMs, priority: 'normal', reason: 'done' },
      0,
    );
    return 'settled';
  }

  fail(claim: ModelClaim, error: QueueItem['lastError'], retryAtMs: number | null): 'settled' | 'lost' {
    const item = this.#held(claim);
    if (!item) return 'lost';
    item.lastError = error;
    const next = retryAtMs === null ? null : { ...standing(item), runAtMs: retryAtMs, reason: 'retry' };
    this.#settle(item, next, item.failures + 1);
    return 'settled';
  }

  release(nowMs: number, claim: ModelClaim): 'settled' | 'lost' {
    const item = this.#held(claim);
    if (!item) return 'lost';
    this.#settle(item, undone(item, nowMs), item.failures);
    return 'settled';
  }

  releaseDead(nowMs: number, worker: string): number {
    const theirs = [...this.#items.values()].filter(item => item.claim?.worker === worker);
    for (const item of theirs) this.#settle(item, undone(item, nowMs), item.failures);
    return theirs.length;
  }

  items(): QueueItem[] {
    return [...this.#items.values()].sort(byKey).map(item => ({
      ...standing(item),
      key: item.key,
      kind: item.kind,
      group: item.group,
      failures: item.failures,
      lastError: item.lastError,
      claimedBy: item.claim ? { worker: item.claim.worker, untilMs: item.claim.untilMs } : null,
    }));
  }

  upcomingKeys(nowMs: number): string[] {
    const rank = (item: ModelItem): number => (item.priority === 'high' && item.runAtMs <= nowMs ? 0 : 1);
    return [...this.#items.values()]
      .filter(item => !item.claim)
      .sort((one, two) => rank(one) - rank(two) || one.runAtMs - two.runAtMs || byKey(one, two))
      .map(({ key }) => key);
  }

  counts(nowMs: number): Omit<QueueCounts, 'byKind'> {
    const items = [...this.#items.values()];
    const due = items.filter(item => !item.claim && item.runAtMs <= nowMs);
    return {
      size: items.length,
      due: due.length,
      behindMs: nowMs - Math.min(nowMs, ...due.map(({ runAtMs }) => runAtMs)),
      running: items.filter(({ claim }) => claim).length,
      raised: items.filter(({ claim, priority }) => !claim && priority === 'high').length,
    };
  }

  nextDueAt(afterMs: number): number | null {
    const times = [...this.#items.values()].map(item => item.claim?.untilMs ?? item.runAtMs);
    const later = times.filter(time => time > afterMs);
    return later.length > 0 ? Math.min(...later) : null;
  }

  #held({ key, number }: ModelClaim): ModelItem | undefined {
    const item = this.#items.get(key);
    return item?.claim?.number === number ? item : undefined;
  }

  #settle(item: ModelItem, next: Standing | null, failures: number): void {
    const wanted = item.dropped ? null : next;
    const { again } = item;
    if (!wanted && !again) {
      this.#items.delete(item.key);
      return;
    }
    const runAtMs = Math.min(wanted?.runAtMs ?? Infinity, again?.runAtMs ?? Infinity);
    const high = wanted?.priority === 'high' || again?.priority === 'high';
    const deciding = [wanted, again]
      .filter(one => one !== null && one !== undefined)
      .sort((one, two) => priorityOf(two) - priorityOf(one) || one.runAtMs - two.runAtMs)[0];
    Object.assign(item, { runAtMs, priority: high ? 'high' : 'normal', reason: deciding?.reason });
    item.failures = wanted ? failures : 0;
    Object.assign(item, { claim: undefined, dropped: false, again: undefined });
  }
}

/** What is raised goes first, and nothing delays it (C-10). */
function moved(from: Standing, to: Standing): Standing {
  if (from.priority === 'normal' && to.priority === 'normal') return to;
  const runAtMs = Math.min(from.runAtMs, to.runAtMs);
  const raises = priorityOf(to) > priorityOf(from);
  const sooner = priorityOf(to) === priorityOf(from) && to.runAtMs < from.runAtMs;
  return { runAtMs, priority: 'high', reason: raises || sooner ? to.reason : from.reason };
}

function undone(item: ModelItem, nowMs: number): Standing {
  return { ...standing(item), runAtMs: Math.min(item.runAtMs, nowMs) };
}

function standing({ runAtMs, priority, reason }: Standing): Standing {
  return { runAtMs, priority, reason };
}

function priorityOf({ priority }: Standing): number {
  return priority === 'high' ? 1 : 0;
}

function byKey(one: { key: string }, two: { key: string }): number {
  return one.key < two.key ? -1 : 1;
}

function inLine(one: ModelItem, two: ModelItem): number {
  return priorityOf(two) - priorityOf(one) || one.runAtMs - two.runAtMs || byKey(one, two);
}
