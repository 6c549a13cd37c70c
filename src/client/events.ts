import type { StationEvent } from '../api/events.ts';
import { type ClientOptions, problemOf } from './client.ts';

export interface EventOptions extends ClientOptions {
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Called when the station is reached, and when it no longer is: until it is back, nothing is known of it. */
  readonly onConnection?: (isConnected: boolean) => void;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
/** A station says something every 15 s; after this silence it is gone. */
const SILENCE_MS = 45_000;

/**
 * Everything that happens in a station, as it happens, until the signal aborts: comes back by itself after a break, and
 * goes on behind the last event, or with a `reset`. Rejects with a `StationProblem` where the station refuses (a wrong
 * token).
 */
export async function* followEvents(
  options: EventOptions = {},
): AsyncGenerator<StationEvent, void, undefined> {
  const { signal, onConnection = () => undefined } = options;
  const state = { lastId: '', waitMs: FIRST_WAIT_MS };
  while (!signal?.aborted) {
    try {
      yield* readOnce(options, state);
    } catch (error) {
      if (isRefusal(error)) throw error;
    }
    onConnection(false);
    if (signal?.aborted) return;
    await pause(state.waitMs, signal);
    state.waitMs = Math.min(2 * state.waitMs, LONGEST_WAIT_MS);
  }
}

/** What another try would not change. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error && 'status' in error && Number(error.status) >= 400 && Number(error.status) < 500
  );
}

async function* readOnce(
  { url = '', token, fetch: send = fetch, signal, onConnection = () => undefined }: EventOptions,
  state: { lastId: string; waitMs: number },
): AsyncGenerator<StationEvent, void, undefined> {
  const headers = new Headers({ accept: 'text/event-stream' });
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  if (state.lastId !== '') headers.set('last-event-id', state.lastId);
  const silence = new AbortController();
  const either = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await send(`${url}/events`, { headers, signal: either });
    if (!response.ok || !response.body) throw await problemOf(response);
    onConnection(true);
    state.waitMs = FIRST_WAIT_MS;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const { id, event } = parseBlock(block);
        if (id !== undefined) state.lastId = id;
        if (event) yield event;
      }
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

/** One block of the format, as a station writes it. Pure. */
function parseBlock(block: string): { readonly id?: string | undefined; readonly event?: StationEvent } {
  const fields = new Map(
    block.split('\n').map(line => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
  const type = fields.get('event');
  const data = fields.get('data');
  const id = fields.get('id');
  if (type === undefined || data === undefined) return { id };
  return { id, event: { type, data: JSON.parse(data) } as StationEvent };
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
