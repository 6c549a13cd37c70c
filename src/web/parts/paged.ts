import { useEffect, useRef, useState } from 'preact/hooks';
import { type Asked, useAsked } from '../live/asked.ts';
import type { Topic } from '../live/live.ts';
import { useSteady } from './steady.ts';

/** One page of a list that goes by cursors. */
export interface ListPage {
  readonly next: string | null;
}

export interface Paged<Page> extends Asked<Page> {
  /** What is shown answers the question or page before: the new one is asked for. */
  readonly isWaiting: boolean;
  /** From 1 on. */
  readonly number: number;
  readonly forward: (() => void) | undefined;
  readonly back: (() => void) | undefined;
}

/**
 * A list by its pages, of which one is shown and kept fresh. Another question begins at its first page; what was
 * shown before stays until it is answered, so that nothing jumps while somebody types.
 * @param about what the question depends on beside the page
 */
export function usePages<Page extends ListPage>(
  ask: (cursor: string | undefined, signal: AbortSignal) => Promise<Page>,
  about: readonly (string | number | boolean | undefined)[],
  topics: readonly Topic[],
): Paged<Page> {
  const key = JSON.stringify(about);
  const [place, setPlace] = useState<{ key: string; cursors: readonly string[] }>({ key, cursors: [] });
  const cursors = place.key === key ? place.cursors : [];
  useEffect(() => setPlace({ key, cursors: [] }), [key]);
  const cursor = cursors.at(-1);
  const asked = useAsked(signal => ask(cursor, signal), [...about, cursor], topics);
  const before = useRef(asked.value);
  if (asked.value !== undefined || asked.error) before.current = asked.value;
  const value = useSteady(before.current);
  const isWaiting = asked.value === undefined && value !== undefined;
  const next = isWaiting ? undefined : value?.next;
  return {
    ...asked,
    value,
    isWaiting,
    number: cursors.length + 1,
    forward: next ? () => setPlace({ key, cursors: [...cursors, next] }) : undefined,
    back: cursors.length > 0 ? () => setPlace({ key, cursors: cursors.slice(0, -1) }) : undefined,
  };
}
