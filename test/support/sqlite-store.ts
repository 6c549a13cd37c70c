import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { SqliteWorkQueue } from '../../src/engine/queue/sqlite/sqlite-work-queue.ts';
import type { LocalStore } from '../../src/keep/local/local-store.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { openStore, type SqliteStore } from '../../src/keep/sqlite/open-store.ts';
import type { SqlValue } from '../../src/keep/sqlite/values.ts';
import type { SqlRow } from '../../src/keep/store/rows/columns.ts';
import type { StoreAndQueueFixture } from '../suites/store-fixture.ts';
import { tempDirectory } from './temp-directory.ts';

/** A store in a SQLite file of its own, with its queue. */
export interface SqliteFixture extends StoreAndQueueFixture {
  readonly path: string;
  readonly store: SqliteStore;
  readonly queue: SqliteWorkQueue;
  reopen(): Promise<SqliteStore>;
}

/** Opens a store for a test, closed after it. No worker counts as gone. */
export async function openTestStore(t: TestContext, clock: Clock = systemClock): Promise<SqliteFixture> {
  const path = join(await tempDirectory(t), 'sluice.db');
  const reopen = async (): Promise<SqliteStore> => {
    const store = await openStore(path, { clock });
    t.after(() => store.close());
    return store;
  };
  const store = await reopen();
  const queue = new SqliteWorkQueue({ database: store.database, clock, isWorkerGone: () => false });
  const query: StoreAndQueueFixture['query'] = async (sql, ...params) => queryRows(store, sql, ...params);
  return { path, store, queue, query, reopen };
}

/** What belongs to this machine, in a SQLite file of its own. */
export async function openTestLocal(t: TestContext, clock: Clock = systemClock): Promise<LocalStore> {
  return openLocal(join(await tempDirectory(t), 'sluice.db'), { clock });
}

/** The rows of one query over the documented schema (docs/reference/schema.md). */
export function queryRows(store: SqliteStore, sql: string, ...params: readonly SqlValue[]): SqlRow[] {
  const rows = store.database.statement(sql).all(...params);
  return rows.map(row => ({ ...row }) as SqlRow);
}
