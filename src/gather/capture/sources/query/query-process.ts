import { readOnlyQueries } from '../../../../keep/sqlite/read-only.ts';
import { serveQueries } from './query-server.ts';

/** Entry of the process that runs the queries of collectors; its argument is the path of the database. */
serveQueries(new URL(import.meta.url), readOnlyQueries(process.argv[2] ?? ''));
