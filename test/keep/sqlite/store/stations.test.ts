import { join } from 'node:path';
import { systemClock } from '../../../../src/base/clock.ts';
import { openStore, type SqliteStore } from '../../../../src/keep/sqlite/open-store.ts';
import { stationStoreSuite } from '../../../suites/station-store-suite.ts';
import { tempDirectory } from '../../../support/temp-directory.ts';

stationStoreSuite('SQLite', async t => {
  const path = join(await tempDirectory(t), 'sluice.db');
  const connect = async (): Promise<SqliteStore> => {
    const store = await openStore(path, { clock: systemClock });
    t.after(() => store.close());
    return store;
  };
  const [store, other] = [await connect(), await connect()];
  return {
    stations: store.stations,
    other: other.stations,
    async age(id, ms) {
      await store.database.write(() =>
        store.database.statement('UPDATE stations SET beat_at_ms = beat_at_ms - ? WHERE id = ?').run(ms, id),
      );
    },
  };
});
