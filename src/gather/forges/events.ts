import type { ChangesetEvent } from './changeset.ts';
import { timeMs } from './http/read.ts';

/**
 * An event as a host lists it: `at` is its time in ISO 8601; its place among those of the same time is not known yet.
 */
export type ListedEvent = Omit<ChangesetEvent, 'order' | 'atMs'> & { readonly at: string | null | undefined };

/** The order of events: time, then the host's order among those of one time, then id. */
export function byOrder(a: ChangesetEvent, b: ChangesetEvent): number {
  return a.atMs - b.atMs || a.order - b.order || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/**
 * The events of what a host lists, sorted. Those of the same time are numbered in the order given, repeated ids are
 * dropped (the first stays), and so is what has no time.
 * @param items oldest first
 * @param eventOf undefined for an item that is no event
 */
export function eventsOf<T>(
  items: readonly T[],
  eventOf: (item: T) => ListedEvent | undefined,
): ChangesetEvent[] {
  const ids = new Set<string>();
  const counts = new Map<number, number>();
  const events: ChangesetEvent[] = [];
  for (const item of items) {
    const listed = eventOf(item);
    const atMs = timeMs(listed?.at);
    if (listed === undefined || atMs === undefined || ids.has(listed.id)) continue;
    const { at: _at, ...event } = listed;
    ids.add(event.id);
    const order = counts.get(atMs) ?? 0;
    counts.set(atMs, order + 1);
    events.push({ ...event, atMs, order });
  }
  return events.sort(byOrder);
}
