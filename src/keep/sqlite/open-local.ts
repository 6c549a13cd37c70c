import type { Clock } from '../../base/clock.ts';
import type { LocalStore } from '../local/local-store.ts';
import { backUpDatabase, databaseFaults } from './back-up.ts';
import { Database } from './database.ts';
import { createAlertStore } from './local/alerts.ts';
import { SqliteCaptures } from './local/captures.ts';
import { createCloneRecords } from './local/clone-records.ts';
import { SqliteJournal } from './local/journal/journal.ts';
import { createPauseStore } from './local/pauses.ts';
import { createRateStore } from './local/rates.ts';
import { createStationLock } from './local/station-lock.ts';
import type { SqliteStore } from './open-store.ts';

/** Records are looked up by key and written at the end: a small cache holds what is touched. */
const JOURNAL_CACHE_BYTES = 4 * 2 ** 20;
const CAPTURES_CACHE_BYTES = 2 ** 20;

export interface LocalStoreOptions {
  readonly clock: Clock;
  /** The store, where it is in the same file: clone records go through its connection, and never wait for it. */
  readonly store?: SqliteStore;
}

/**
 * What belongs to this machine, in a SQLite file that is made where it is not there. The journals have connections of
 * their own, so that neither waits within this process for what the other commits.
 */
export function openLocal(path: string, { clock, store }: LocalStoreOptions): LocalStore {
  return {
    async openJournal() {
      return new SqliteJournal(await Database.open({ path, clock, cacheBytes: JOURNAL_CACHE_BYTES }), clock);
    },
    async openCaptures() {
      const cacheBytes = CAPTURES_CACHE_BYTES;
      return new SqliteCaptures(await Database.open({ path, clock, cacheBytes, synchronous: 'full' }));
    },
    async openAlerts() {
      return createAlertStore(await Database.open({ path, clock, cacheBytes: CAPTURES_CACHE_BYTES }));
    },
    async openPauses() {
      return createPauseStore(await Database.open({ path, clock, cacheBytes: CAPTURES_CACHE_BYTES }));
    },
    async openRates() {
      return createRateStore(await Database.open({ path, clock, cacheBytes: CAPTURES_CACHE_BYTES }));
    },
    async openCloneRecords() {
      if (store) return createCloneRecords(store.database);
      const database = await Database.open({ path, clock });
      return createCloneRecords(database, () => database.close());
    },
    backUp: (file, backUpOptions) => backUpDatabase(path, file, backUpOptions),
    findFaults: () => databaseFaults(path),
    createLock: createStationLock,
  };
}
