import type { Priority } from './work-queue.ts';

/** Which of what is due may go: pure rules over candidates in line and what each group still bears. */

/** What of a due target decides when and whether it is taken. */
export interface Candidate {
  readonly key: string;
  readonly group: string;
  readonly priority: Priority;
  readonly runAtMs: number;
}

/** How many more claims each group bears; `take` uses one up. */
export class GroupRoom {
  readonly #limit: (group: string, priority: Priority) => number;
  readonly #running: Map<string, number>;

  constructor(
    limit: number | ((group: string, priority: Priority) => number),
    running: ReadonlyMap<string, number>,
  ) {
    this.#limit = typeof limit === 'number' ? () => limit : limit;
    this.#running = new Map(running);
  }

  of(group: string, priority: Priority): number {
    return this.#limit(group, priority) - (this.#running.get(group) ?? 0);
  }

  /** Whether there was room for one more; it is taken then. */
  take(group: string, priority: Priority): boolean {
    if (this.of(group, priority) < 1) return false;
    this.#running.set(group, (this.#running.get(group) ?? 0) + 1);
    return true;
  }
}

/**
 * Looked at in order before each group is asked on its own: covers every case in which groups are not badly uneven.
 */
export function lookahead(max: number): number {
  return 2 * max + 32;
}

/**
 * Of the front of the line, in order, those that find room, at most `max`.
 * @returns undefined where full groups fill the front and `max` is not reached: each group is then to be asked on its
 * own. Nothing of the room is used up then.
 */
export function takeFront(front: readonly Candidate[], room: GroupRoom, max: number): string[] | undefined {
  const taken = takable(front, room, max);
  if (taken.length < max && front.length >= lookahead(max)) return undefined;
  return taken.filter(({ group, priority }) => room.take(group, priority)).map(({ key }) => key);
}

/** Of the first ones of each group, those that find room, in line and at most `max`. */
export function takeOfGroups(candidates: readonly Candidate[], room: GroupRoom, max: number): string[] {
  const keys: string[] = [];
  for (const { key, group, priority } of [...candidates].sort(inLine)) {
    if (keys.length < max && room.take(group, priority)) keys.push(key);
  }
  return keys;
}

/** Those of the candidates, in order, that find room, without using it up. */
function takable(candidates: readonly Candidate[], room: GroupRoom, max: number): Candidate[] {
  const used = new Map<string, number>();
  const free: Candidate[] = [];
  for (const candidate of candidates) {
    const count = used.get(candidate.group) ?? 0;
    if (free.length === max || room.of(candidate.group, candidate.priority) - count < 1) continue;
    used.set(candidate.group, count + 1);
    free.push(candidate);
  }
  return free;
}

/** High priority first, then by time, then by key. */
export function inLine(first: Candidate, second: Candidate): number {
  return (
    rankOf(second.priority) - rankOf(first.priority) ||
    first.runAtMs - second.runAtMs ||
    // Databases compare keys as UTF-8 bytes, JavaScript as UTF-16.
    Buffer.compare(Buffer.from(first.key), Buffer.from(second.key))
  );
}

function rankOf(priority: Priority): number {
  return priority === 'high' ? 1 : 0;
}
