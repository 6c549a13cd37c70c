// What the station is doing, as it happens: one connection for all pages, polling where there is none.
import { computed, signal } from '@preact/signals';
import type { EventName, StationEvent } from '../../api/events.ts';
import { createClient, StationProblem } from '../../client/client.ts';
import { followEvents } from '../../client/events.ts';
import type { Answer } from '../../client/index.ts';

/** The station that these pages came from. */
export const client = createClient();

export type Status = Answer<'getStatus'>;
/**
 * `live`: events come; `polling`: the station answers, but no events come; `away`: it does not answer;
 * `locked`: it asks for its token; `asking`: nothing is known yet.
 */
export type Connection = 'asking' | 'live' | 'polling' | 'away' | 'locked';
/** What may have changed: what an event is about, or anything, where it is not known. */
export type Topic = Exclude<EventName, 'reset'> | 'anything';

const POLL_MS = 5_000;
/** While it is away: a person waits for it. */
const RETRY_MS = 2_000;
/** A tab that nobody sees lets its connection go after so long: a browser has six for all tabs of a station. */
const HIDDEN_MS = 30_000;

const connectionNow = signal<Connection>('asking');
const statusNow = signal<Status | undefined>(undefined);
const heardAt = signal<number | undefined>(undefined);

/** How the station is reached. */
export const connection = computed(() => connectionNow.value);
/** The station at a glance; undefined until it has answered once. It stays while the station is away. */
export const status = computed(() => statusNow.value);
/** When the station was last heard of, in milliseconds since the epoch; undefined: never. */
export const heardAtMs = computed(() => heardAt.value);
/** What is shown is not of now. */
export const isOld = computed(() => connectionNow.value === 'away' && statusNow.value !== undefined);

type Listener = (topics: ReadonlySet<Topic>) => void;
const listeners = new Set<Listener>();

/**
 * Calls `listener` when something of `topics` may have changed; whatever they are, `anything` is among them.
 * @returns ends it
 */
export function onChange(topics: readonly Topic[], listener: () => void): () => void {
  const wanted = new Set<Topic>([...topics, 'anything']);
  const heard: Listener = changed => {
    if (!wanted.isDisjointFrom(changed)) listener();
  };
  listeners.add(heard);
  return () => listeners.delete(heard);
}

function tell(...topics: readonly Topic[]): void {
  const changed = new Set(topics);
  for (const listener of [...listeners]) listener(changed);
}

/** The station did what a page asked for: everything is looked at anew. */
export function somethingDone(): void {
  tell('anything');
  void poll();
}

/** Takes what an event says into what is shown. */
function take(event: StationEvent): void {
  heardAt.value = Date.now();
  if (event.type === 'reset') {
    tell('anything');
    void poll();
    return;
  }
  const before = statusNow.value;
  if (before && event.type === 'status') statusNow.value = { ...before, ...event.data } as Status;
  if (before && event.type === 'deliveries') {
    const { delivered: _delivered, deliveredBytes: _bytes, failures: _failures, ...states } = event.data;
    statusNow.value = { ...before, deliveries: { ...before.deliveries, ...states } };
  }
  tell(event.type);
}

/** Asks for the status; tells whether the station answered. */
async function poll(): Promise<boolean> {
  try {
    statusNow.value = await client.getStatus({}, { signal: AbortSignal.timeout(15_000) });
    heardAt.value = Date.now();
    if (connectionNow.value !== 'live') connectionNow.value = 'polling';
    return true;
  } catch (error) {
    if (error instanceof StationProblem && error.status === 401) lock();
    else if (error instanceof StationProblem && error.status < 500) return true;
    else connectionNow.value = 'away';
    return false;
  }
}

let following: AbortController | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

function lock(): void {
  connectionNow.value = 'locked';
  stop();
}

function stop(): void {
  following?.abort();
  following = undefined;
  clearTimeout(timer);
}

/** Follows the station from now on; after a sign-in, again. */
export function start(): void {
  stop();
  const mine = new AbortController();
  following = mine;
  void poll();
  void follow(mine.signal);
}

async function follow(ended: AbortSignal): Promise<void> {
  const onConnection = (isConnected: boolean): void => {
    if (ended.aborted) return;
    clearTimeout(timer);
    if (isConnected) connectionNow.value = 'live';
    else void fallBack(ended);
  };
  try {
    for await (const event of followEvents({ signal: ended, onConnection })) take(event);
  } catch (error) {
    if (ended.aborted) return;
    if (error instanceof StationProblem && error.status === 401) lock();
    // It refuses events (too many readers, say): what it answers otherwise will do.
    else void fallBack(ended);
  }
}

/** No events come: asks until they do. */
async function fallBack(ended: AbortSignal): Promise<void> {
  const wasAway = connectionNow.value === 'away';
  if (connectionNow.value === 'live') connectionNow.value = 'polling';
  const isThere = await poll();
  if (ended.aborted || connection.value === 'live') return;
  if (isThere && wasAway) {
    // Back again: at once, not after the pause that the reader of events takes by now.
    start();
    return;
  }
  if (isThere) tell('anything');
  clearTimeout(timer);
  timer = setTimeout(() => void fallBack(ended), isThere ? POLL_MS : RETRY_MS);
}

let hiding: ReturnType<typeof setTimeout> | undefined;
document.addEventListener('visibilitychange', () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(stop, HIDDEN_MS);
  else if (following === undefined && connectionNow.value !== 'locked') start();
});
