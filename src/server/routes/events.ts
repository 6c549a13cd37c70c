import type { Context } from 'hono';
import { SluiceError } from '../../base/errors.ts';
import type { NumberedEvent } from '../../station/event-feed.ts';
import type { RouteOptions } from '../app-options.ts';
import { senderOfRequest } from '../body-budget.ts';

const MAX_READERS = 64;
const MAX_READERS_OF_ONE = 16;
const BUSY_MS = 10_000;
/** A line comes at least this often, so that both ends notice when the other is gone. */
const BEAT_EVERY_MS = 15_000;
/** Who has not taken this much of what was sent is cut off, and comes back when it is quicker. */
const MAX_BEHIND_BYTES = 256 * 1024;
/** What a browser waits before it comes back. */
const RETRY_MS = 2000;

/** `GET /events`: what happens, as it happens, to a bounded number of readers. */
export function eventRoutes({ station, clock, stopping, operation }: RouteOptions): void {
  const readers = new Map<string, number>();
  const admit = (context: Context): (() => void) => {
    const sender = senderOfRequest(context);
    const own = readers.get(sender) ?? 0;
    const all = readers.values().reduce((sum, count) => sum + count, 0);
    if (own >= MAX_READERS_OF_ONE || all >= MAX_READERS) {
      const message = 'as many read the events already as may';
      throw new SluiceError('server_busy', message, { retryAfterMs: BUSY_MS });
    }
    readers.set(sender, own + 1);
    return () => {
      const left = (readers.get(sender) ?? 0) - 1;
      if (left > 0) readers.set(sender, left);
      else readers.delete(sender);
    };
  };

  operation('listEvents', (_asked, context) => {
    context.header('Content-Type', 'text/event-stream');
    context.header('Cache-Control', 'no-store');
    // Proxies that gather answers would keep events back.
    context.header('X-Accel-Buffering', 'no');
    if (context.req.method === 'HEAD') return context.body(null);
    if (stopping.aborted) throw new SluiceError('stopping', 'the station is stopping');
    const leave = admit(context);
    const lastId = context.req.header('last-event-id');
    let end = (): void => undefined;
    const stream = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          const encoder = new TextEncoder();
          const finish = (): void => {
            end();
            controller.close();
          };
          const send = (text: string): void => {
            controller.enqueue(encoder.encode(text));
            if ((controller.desiredSize ?? 0) <= 0) finish();
          };
          const beat = (): void => {
            cancelBeat = clock.timer(BEAT_EVERY_MS, beat);
            send(':\n\n');
          };
          let cancelBeat = clock.timer(BEAT_EVERY_MS, beat);
          let close = (): void => undefined;
          let isOver = false;
          end = () => {
            if (isOver) return;
            isOver = true;
            cancelBeat();
            close();
            leave();
            stopping.removeEventListener('abort', finish);
          };
          stopping.addEventListener('abort', finish);
          send(`retry: ${RETRY_MS}\n\n`);
          close = station.events.open(lastId, numbered => {
            if (!isOver) send(lines(numbered));
          });
          if (isOver) close();
        },
        cancel: () => end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_BEHIND_BYTES }),
    );
    return context.body(stream);
  });
}

/** An event as the format has it. JSON has no line breaks of its own. Pure. */
function lines({ id, event }: NumberedEvent): string {
  return `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`;
}
