import { systemClock } from '../../../src/base/clock.ts';
import { PostgresDatabase } from '../../../src/keep/postgres/database.ts';
import { createStationStore } from '../../../src/keep/postgres/store/stations.ts';
import { stationStoreSuite } from '../../suites/station-store-suite.ts';
import { testAddress } from '../../support/postgres/postgres.ts';

stationStoreSuite('Postgres', async t => {
  const { url } = await testAddress();
  const connect = async (): Promise<PostgresDatabase> => {
    const database = await PostgresDatabase.open({ url, clock: systemClock, env: {} });
    t.after(() => database.close());
    return database;
  };
  const [database, other] = [await connect(), await connect()];
  return {
    stations: createStationStore(database),
    other: createStationStore(other),
    async age(id, ms) {
      await database.execute('UPDATE stations SET beat_at_ms = beat_at_ms - $2 WHERE id = $1', [id, ms]);
    },
  };
});
