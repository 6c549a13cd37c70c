import type { StationEvent } from '../api/events.ts';

/** An event with its place among all of a feed. */
export interface NumberedEvent {
  /** `FEED.NUMBER`: of no other feed, and rising. */
  readonly id: string;
  readonly event: StationEvent;
}

export type EventReader = (numbered: NumberedEvent) => void;

/** So many of the last events are kept for those who come back. */
const KEPT = 1000;

/**
 * What has happened, in order, for those who read along and for those who come back: the last events are kept, and
 * whoever has seen none of them, or comes with an id from elsewhere, begins with a `reset`.
 */
export class EventFeed {
  readonly #name: string;
  readonly #readers = new Set<EventReader>();
  #kept: NumberedEvent[] = [];
  #last = 0;

  /** @param name tells this feed from those of other runs; without dots */
  constructor(name: string) {
    this.#name = name;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Sends an event to all who read. */
  append(event: StationEvent): void {
    this.#last += 1;
    const numbered = { id: `${this.#name}.${this.#last}`, event };
    this.#kept.push(numbered);
    if (this.#kept.length > 2 * KEPT) this.#kept = this.#kept.slice(-KEPT);
    for (const reader of this.#readers) reader(numbered);
  }

  /** Makes everybody who comes back begin anew: what happens from here on is not seen until somebody reads again. */
  forget(): void {
    this.#kept = [];
    this.#last += 1;
  }

  /**
   * Has `reader` called with what came after the event `lastId`, and with all that comes. @returns how to end that; may
   * be called again
   */
  open(lastId: string | undefined, reader: EventReader): () => void {
    const missed = this.#after(lastId);
    if (missed) for (const numbered of missed) reader(numbered);
    else reader({ id: `${this.#name}.${this.#last}`, event: { type: 'reset', data: {} } });
    this.#readers.add(reader);
    return () => void this.#readers.delete(reader);
  }

  /** What came after an event; undefined where that cannot be told. */
  #after(lastId: string | undefined): readonly NumberedEvent[] | undefined {
    const [name, number = ''] = lastId?.split('.') ?? [];
    if (name !== this.#name || !/^\d+$/.test(number)) return undefined;
    const seen = Number(number);
    if (seen === this.#last) return [];
    const kept = this.#kept.slice(-KEPT);
    const first = this.#last - kept.length;
    return seen >= first && seen < this.#last ? kept.slice(seen - first) : undefined;
  }
}
