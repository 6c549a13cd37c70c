import { randomBytes } from 'node:crypto';
import type { StationEvent } from '../api/events.ts';
import { cacheAnswer } from '../base/answer-cache.ts';
import type { Clock } from '../base/clock.ts';
import type { Service } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import { isoOrNull, isoTime } from '../base/units.ts';
import type { DeliveryStatus } from '../deliver/service.ts';
import type { Throughput } from '../deliver/statistics.ts';
import type { EndedWork } from '../engine/queue/handler.ts';
import { CHANGESET_KIND } from '../gather/changesets/schedule.ts';
import type { Run } from '../keep/store/types.ts';
import { EventFeed, type EventReader } from './event-feed.ts';
import type { StationStatus } from './status/status.ts';
import type { Trouble } from './status/troubles.ts';

/** What is looked at for events. */
export interface ObservedStation {
  deliveries(): Pick<
    DeliveryStatus,
    'incoming' | 'processing' | 'completed' | 'failed' | 'waiting' | 'uploading'
  > & { readonly throughput: readonly Pick<Throughput, 'files' | 'bytes' | 'failures'>[] };
  /** Undefined: they are not to be had now. */
  recentRuns(limit: number): Promise<readonly Run[] | undefined>;
  troubles(): Promise<readonly Trouble[]>;
  status(): Promise<StationStatus>;
}

const LOOK_EVERY_MS = 1000;
/** Who comes back within this misses nothing. */
const GRACE_MS = 60_000;
const RESET: StationEvent = { type: 'reset', data: {} };
/** Of more runs than these within a second, the older ones are passed over. */
const RUNS_SEEN = 200;

/**
 * What happens in the station, for `/events`: it is looked at once a second, and what is different is told. So a
 * thousand files that are delivered within a second are one event, and where nobody reads nothing is looked at.
 *
 * States: idle ──first reader──▶ looking ──no reader for a minute──▶ idle (what is kept is forgotten); any ──stop──▶ stopped.
 */
export class EventObserver implements Service {
  readonly name = 'events';
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #station: ObservedStation;
  readonly #feed = new EventFeed(randomBytes(6).toString('hex'));
  readonly #changesets = new Map<string, { synced: number; failed: number }>();
  readonly #status: () => Promise<StationStatus>;
  readonly #troubles: () => Promise<readonly Trouble[]>;
  #seen: Seen | undefined;
  #firstLook: Promise<void> | undefined;
  #cancelTimer = (): void => undefined;
  #idleSinceMs = 0;
  #stopped = false;

  constructor(station: ObservedStation, { clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
    this.#station = station;
    this.#status = cacheAnswer(() => station.status(), clock);
    this.#troubles = cacheAnswer(() => station.troubles(), clock);
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
  }

  /**
   * As `EventFeed.open`. Where nobody has read so far it begins once the station has been looked at: what a reader asks
   * for after its `reset` is no older than what events are told from.
   */
  open(lastId: string | undefined, reader: EventReader): () => void {
    if (this.#seen) return this.#feed.open(lastId, reader);
    let close = (): void => undefined;
    let isClosed = false;
    this.#firstLook ??= this.#look();
    void this.#firstLook.then(() => {
      if (!isClosed) close = this.#feed.open(lastId, reader);
    });
    return () => {
      isClosed = true;
      close();
    };
  }

  /** Counts a piece of work that has ended. */
  countWork({ claim, ending }: EndedWork): void {
    if (claim.kind !== CHANGESET_KIND || !this.#seen || (ending !== 'done' && ending !== 'failed')) return;
    const counts = this.#changesets.get(claim.group) ?? { synced: 0, failed: 0 };
    counts[ending === 'done' ? 'synced' : 'failed'] += 1;
    this.#changesets.set(claim.group, counts);
  }

  /** The configuration was read again and holds. */
  configurationReloaded(): void {
    if (this.#seen)
      this.#feed.append({ type: 'configuration', data: { reloadedAt: isoTime(this.#clock.nowMs()) } });
  }

  #lookSoon(): void {
    this.#cancelTimer = this.#clock.timer(LOOK_EVERY_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#feed.readers > 0 || !this.#firstLook) this.#idleSinceMs = nowMs;
    if (nowMs - this.#idleSinceMs > GRACE_MS) {
      this.#firstLook = undefined;
      this.#seen = undefined;
      this.#feed.forget();
      return;
    }
    try {
      const before = this.#seen;
      const now = await this.#read(before);
      this.#seen = now;
      const events = before ? [...differences(before, now), ...this.#ofChangesets()] : [RESET];
      for (const event of events) this.#feed.append(event);
    } catch (error) {
      this.#log.debug({ err: error }, 'the station could not be looked at for events');
    }
    if (!this.#stopped) this.#lookSoon();
  }

  async #read(before: Seen | undefined): Promise<Seen> {
    const [runs, troubles, status] = await Promise.all([
      this.#station.recentRuns(RUNS_SEEN),
      this.#troubles(),
      this.#status(),
    ]);
    const sections = status === before?.status ? before.sections : sectionsOf(status);
    const deliveries = this.#station.deliveries();
    return { deliveries, runs: runs ?? before?.runs ?? [], troubles, status, sections };
  }

  #ofChangesets(): StationEvent[] {
    const events = [...this.#changesets].map(
      ([host, counts]): StationEvent => ({ type: 'changesets', data: { host, ...counts } }),
    );
    this.#changesets.clear();
    return events;
  }
}

/** What was seen at one look. */
interface Seen {
  readonly deliveries: ReturnType<ObservedStation['deliveries']>;
  readonly runs: readonly Run[];
  readonly troubles: readonly Trouble[];
  readonly status: StationStatus;
  /** Each part of the status as text, to be compared. */
  readonly sections: ReadonlyMap<string, string>;
}

function sectionsOf(status: StationStatus): Map<string, string> {
  const { uptimeMs: _ms, uptimeS: _s, ...station } = status.station;
  return new Map(
    Object.entries({ ...status, station }).map(([name, value]) => [name, JSON.stringify(value)]),
  );
}

/** What happened between two looks. Pure. */
export function differences(before: Seen, now: Seen): StationEvent[] {
  return [
    ...deliveryEvents(before, now),
    ...runEvents(before.runs, now.runs),
    ...troubleEvents(before.troubles, now.troubles),
    ...statusEvents(before, now),
  ];
}

function deliveryEvents(before: Seen, now: Seen): StationEvent[] {
  const { incoming, processing, completed, failed, waiting, uploading } = now.deliveries;
  const counts = { incoming, processing, completed, failed, waiting, uploading };
  const sum = (of: Seen, key: 'files' | 'bytes' | 'failures'): number =>
    of.deliveries.throughput.reduce((total, one) => total + one[key], 0);
  // Another session counts from none again.
  const since = (key: 'files' | 'bytes' | 'failures'): number =>
    sum(now, key) < sum(before, key) ? sum(now, key) : sum(now, key) - sum(before, key);
  const done = { delivered: since('files'), deliveredBytes: since('bytes'), failures: since('failures') };
  const isSame =
    Object.entries(counts).every(([key, value]) => before.deliveries[key as keyof typeof counts] === value) &&
    Object.values(done).every(value => value === 0);
  return isSame ? [] : [{ type: 'deliveries', data: { ...counts, ...done } }];
}

const ENDS = ['done', 'failed', 'cancelled'] as const;

function runEvents(before: readonly Run[], now: readonly Run[]): StationEvent[] {
  const states = new Map(before.map(({ id, state }) => [id, state]));
  return now.toReversed().flatMap(({ id, url, reason, state, startedAtMs, finishedAtMs }): StationEvent[] => {
    const was = states.get(id);
    if (was === state) return [];
    const about = { id, url, reason, startedAt: isoOrNull(startedAtMs) };
    const begun: StationEvent = { type: 'runBegun', data: about };
    if (state === 'running') return [begun];
    const end = ENDS.find(each => each === state);
    if (!end) return [];
    const ended: StationEvent = {
      type: 'runEnded',
      data: { ...about, state: end, finishedAt: isoOrNull(finishedAtMs) },
    };
    return was === 'running' || startedAtMs === null ? [ended] : [begun, ended];
  });
}

function troubleEvents(before: readonly Trouble[], now: readonly Trouble[]): StationEvent[] {
  const keyOf = ({ kind, stage, code, subject }: Trouble): string =>
    JSON.stringify([kind, stage, code, subject]);
  const known = new Set(before.map(keyOf));
  const there = new Set(now.map(keyOf));
  return [
    ...now
      .filter(trouble => !known.has(keyOf(trouble)))
      .map((data): StationEvent => ({ type: 'troubleBegun', data })),
    ...before
      .filter(trouble => !there.has(keyOf(trouble)))
      .map((data): StationEvent => ({ type: 'troubleEnded', data })),
  ];
}

function statusEvents(before: Seen, now: Seen): StationEvent[] {
  const changed = [...now.sections].filter(([name, text]) => before.sections.get(name) !== text);
  if (changed.length === 0) return [];
  const data = Object.fromEntries(changed.map(([name]) => [name, now.status[name as keyof StationStatus]]));
  return [{ type: 'status', data: data as Extract<StationEvent, { type: 'status' }>['data'] }];
}
