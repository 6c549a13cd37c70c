import { writeSync } from 'node:fs';
import { siblingModule, ThreadClient } from '../../../base/thread-client.ts';
import type { Payload, RequestName } from '../../../base/thread-protocol.ts';
import type { Libc } from './libc.ts';
import type { ThreadSetup, WatchEvent, WatchProtocol } from './messages.ts';

export interface WatchClientOptions {
  /** Absent for a thread without kernel events. */
  readonly libc: Libc | undefined;
  readonly setup: Omit<ThreadSetup, 'descriptors'>;
  readonly onEvent: (event: WatchEvent) => void;
  /** The thread ended without having been asked to. */
  readonly onFailure: (error: Error) => void;
}

/**
 * What it looks at lives for moments; a small nursery keeps the thread small. The old space has room for all names that
 * it may remember.
 */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 3, maxOldGenerationSizeMb: 1024 };
/** How long the thread may take to end by itself before it is ended. It may hang in a call to a dead network disk. */
const STOP_GRACE_MS = 1000;

/**
 * One watching thread and what it needs from the kernel, seen from the main thread. The descriptors belong
 * here, so that none is left behind however the thread ends. One that has ended is not made anew.
 */
export class WatchClient {
  readonly #thread: ThreadClient<WatchProtocol>;

  /** Starts the thread. Throws when the kernel grants no inotify queue. */
  constructor({ libc, setup, onEvent, onFailure }: WatchClientOptions) {
    const descriptors = libc && openDescriptors(libc);
    this.#thread = new ThreadClient({
      name: 'watching',
      entry: siblingModule(import.meta.url, './watch-thread'),
      setup: { ...setup, descriptors },
      resourceLimits: RESOURCE_LIMITS,
      stopGraceMs: STOP_GRACE_MS,
      wake: () => descriptors && writeSync(descriptors.wake, new BigUint64Array([1n])),
      onEvent,
      onExit: failure => {
        if (libc && descriptors) closeDescriptors(libc, descriptors);
        void this.#thread.stop();
        if (failure) onFailure(failure.cause instanceof Error ? failure.cause : failure);
      },
    });
    this.#thread.start();
  }

  /**
   * Resolves when it is done and all that came of it has been handed to `onEvent`; rejects when the thread ends before.
   */
  request<N extends RequestName<WatchProtocol>>(
    name: N,
    body: Payload<WatchProtocol, N, 'request'>,
  ): Promise<undefined> {
    return this.#thread.request(name, body);
  }

  /** See `Watch.forget`. Does nothing where the thread has ended. */
  forget(paths: readonly string[]): void {
    this.#thread.post('forget', paths);
  }

  /** Ends the thread. Resolves once it and its descriptors are gone; may be called again. */
  stop(): Promise<void> {
    return this.#thread.stop();
  }
}

type Descriptors = NonNullable<ThreadSetup['descriptors']>;

function openDescriptors(libc: Libc): Descriptors {
  const inotify = libc.openInotify();
  try {
    return { inotify, wake: libc.openWake() };
  } catch (error) {
    libc.close(inotify);
    throw error;
  }
}

function closeDescriptors(libc: Libc, { inotify, wake }: Descriptors): void {
  libc.close(inotify);
  libc.close(wake);
}
