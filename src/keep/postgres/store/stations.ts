import { anotherRun, toKnownStation } from '../../store/rows/stations.ts';
import {
  FORGOTTEN_AFTER_MS,
  SILENT_AFTER_MS,
  type StationSign,
  type StationStore,
} from '../../store/stations.ts';
import type { TransactionalExecutor } from '../executor.ts';

const NOW_MS = 'floor(extract(epoch from now()) * 1000)::bigint';
const BEAT_SQL = `
  INSERT INTO stations (id, run, name, host, version, url, started_at_ms, holds, beat_at_ms, has_left)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, ${NOW_MS}, 0)
  ON CONFLICT (id) DO UPDATE SET run = excluded.run, name = excluded.name, host = excluded.host,
    version = excluded.version, url = excluded.url, started_at_ms = excluded.started_at_ms, holds = excluded.holds,
    beat_at_ms = excluded.beat_at_ms, has_left = 0
  WHERE stations.run = excluded.run OR $9 = 1`;

/** Ids of the stations that live, other than `$1`: those to which targets with a home there are left. */
export const LIVING_STATIONS = `
  SELECT id FROM stations WHERE id <> $1 AND has_left = 0 AND beat_at_ms >= ${NOW_MS} - ${SILENT_AFTER_MS}`;

/** On the server's clock. */
export function createStationStore(database: TransactionalExecutor): StationStore {
  const say = async (station: StationSign, takesOver: boolean): Promise<boolean> => {
    const { id, run, name, host, version, url, startedAtMs, holds } = station;
    const said = [id, run, name, host, version, url, startedAtMs, JSON.stringify(holds)];
    const changed = await database.execute(BEAT_SQL, [...said, Number(takesOver)]);
    await database.execute(`DELETE FROM stations WHERE beat_at_ms < ${NOW_MS} - $1`, [FORGOTTEN_AFTER_MS]);
    return changed === 1;
  };
  return {
    async arrive(station) {
      await say(station, true);
    },
    async beat(station) {
      if (!(await say(station, false))) throw anotherRun(station);
    },
    async list() {
      const sql = `SELECT *, ${NOW_MS} - beat_at_ms AS silent_ms FROM stations ORDER BY name, id`;
      return (await database.query(sql)).map(toKnownStation);
    },
    async leave(id) {
      await database.execute('UPDATE stations SET has_left = 1 WHERE id = $1', [id]);
    },
  };
}
