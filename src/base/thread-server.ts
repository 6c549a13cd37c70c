import { parentPort, type Transferable, workerData } from 'node:worker_threads';
import { fromErrorRecord, toErrorRecord } from './errors.ts';
import { leaseOfThread, underLease } from './lease.ts';
import type { FromThread, Payload, RequestName, ThreadProtocol, ToThread } from './thread-protocol.ts';

/** What a handler is given besides the request. */
export interface RequestContext<Progress> {
  /** Aborts when the one who asked gives up, with that one's reason. */
  readonly signal: AbortSignal;
  /** `transfer`: what changes its owner instead of being copied. */
  readonly onProgress: (progress: Progress, transfer?: Transferable[]) => void;
}

/** One function a request. Each is called as soon as its request comes, also while others have not replied yet. */
export type RequestHandlers<P extends ThreadProtocol> = {
  readonly [N in RequestName<P>]: (
    request: Payload<P, N, 'request'>,
    context: RequestContext<Payload<P, N, 'progress'>>,
  ) => Returned<Payload<P, N, 'reply'>>;
};

/** A handler without a reply may simply end. */
type Returned<Reply> = [Reply] extends [undefined] ? void | Promise<void> : Reply | Promise<Reply>;

export interface ThreadServer<P extends ThreadProtocol> {
  readonly handlers: RequestHandlers<P>;
  /** Called once, when the client stops; the thread ends when nothing is open any more. */
  readonly close?: () => void | Promise<void>;
}

/**
 * All that an entry of a thread has to call: serves the requests of its `ThreadClient` until that stops. What a handler
 * throws is the reply; it works under the lease of whoever asked.
 * @param make the server, from what the client gave as `setup`; `sendEvent` says something unasked
 * @throws outside of a worker thread, before `make` is called
 */
export async function serveThread<P extends ThreadProtocol, Setup = undefined>(
  make: (setup: Setup, sendEvent: (event: P['event']) => void) => ThreadServer<P> | Promise<ThreadServer<P>>,
): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('the entry of a thread runs in a worker thread only');
  const running = new Map<number, AbortController>();
  const send = (message: FromThread, transfer: Transferable[] = []): void =>
    port.postMessage(message, transfer);
  const { handlers, close } = await make(workerData as Setup, event => send({ type: 'event', body: event }));

  const serve = async (id: number | undefined, name: RequestName<P>, body: unknown): Promise<void> => {
    const controller = new AbortController();
    const onProgress = (progress: unknown, transfer?: Transferable[]): void => {
      if (id !== undefined) send({ type: 'progress', id, body: progress }, transfer);
    };
    const handle = handlers[name];
    // Nobody would hear of its failure, so that one is the thread's.
    if (id === undefined) return void (await handle(body, { signal: controller.signal, onProgress }));
    running.set(id, controller);
    try {
      send({ type: 'reply', id, body: await handle(body, { signal: controller.signal, onProgress }) });
    } catch (error) {
      send({ type: 'failed', id, error: toErrorRecord(error) });
    } finally {
      running.delete(id);
    }
  };

  port.on('message', (message: ToThread) => {
    if (message.type === 'request') {
      const { id, name, body, lease } = message;
      void underLease(lease && leaseOfThread(lease), () => serve(id, name, body));
    } else if (message.type === 'abort') running.get(message.id)?.abort(fromErrorRecord(message.error));
    else void Promise.resolve(close?.()).finally(() => port.close());
  });
}
