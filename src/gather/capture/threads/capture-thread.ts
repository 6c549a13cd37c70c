import { systemClock } from '../../../base/clock.ts';
import { serveThread } from '../../../base/thread-server.ts';
import { type CaptureProtocol, captureServer } from './capture-server.ts';

/** Entry of the capture thread. */
await serveThread<CaptureProtocol>((_setup, sendEvent) => captureServer(systemClock, sendEvent));
