import { serveThread } from '../../../base/thread-server.ts';
import { type ParseProtocol, parseServer } from './parse-pipe.ts';

/** Entry of a thread that parses what git writes. */
await serveThread<ParseProtocol>(parseServer);
