import { readOnlyQueries } from '../../../../keep/sqlite/read-only.ts';
import { STORE_TABLES } from '../../../../keep/store/tables.ts';
import { STORE_ELSEWHERE, serveQueries } from './query-server.ts';

/** Entry of the process that runs the queries of collectors; its argument is the path of the database. */
const [, , path = '', place] = process.argv;
const elsewhere = place === STORE_ELSEWHERE ? STORE_TABLES.map(({ name }) => name) : [];
serveQueries(new URL(import.meta.url), readOnlyQueries(path, elsewhere));
