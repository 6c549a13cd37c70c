import type { ChangesetEvent } from './changeset.ts';

/** An event before its place among those of the same time is known. */
export type UnplacedEvent = Omit<ChangesetEvent, 'order'>;

/** The order of events: time, then the host's order among those of one time, then id. */
export function byOrder(a: ChangesetEvent, b: ChangesetEvent): number {
  return a.atMs - b.atMs || a.order - b.order || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/**
 * Numbers events of the same time in the order given, drops repeated ids (the first stays), and sorts.
 * @param told oldest first, as the host lists them
 */
export function placed(told: readonly UnplacedEvent[]): ChangesetEvent[] {
  const seen = new Set<string>();
  const counts = new Map<number, number>();
  const events: ChangesetEvent[] = [];
  for (const event of told) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    const order = counts.get(event.atMs) ?? 0;
    counts.set(event.atMs, order + 1);
    events.push({ ...event, order });
  }
  return events.sort(byOrder);
}
