import { serveThread } from '../../../../base/thread-server.ts';
import { readOnlyQueries } from '../../../../keep/sqlite/read-only.ts';
import { type QueryProtocol, queryServer } from './query-server.ts';

/** Entry of the thread that runs the queries of collectors. */
await serveThread<QueryProtocol, string>(database => queryServer(readOnlyQueries(database)));
