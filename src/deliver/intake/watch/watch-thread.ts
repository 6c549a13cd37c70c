import { serveThread } from '../../../base/thread-server.ts';
import type { ThreadSetup, WatchProtocol } from './messages.ts';
import { watchServer } from './watch-server.ts';

/** Entry of the watching thread. */
await serveThread<WatchProtocol, ThreadSetup>(watchServer);
