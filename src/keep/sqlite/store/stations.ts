import type { Clock } from '../../../base/clock.ts';
import { anotherRun, toKnownStation } from '../../store/rows/stations.ts';
import { FORGOTTEN_AFTER_MS, type StationSign, type StationStore } from '../../store/stations.ts';
import type { Database } from '../database.ts';

const BEAT_SQL = `
  INSERT INTO stations (id, run, name, host, version, url, started_at_ms, holds, beat_at_ms, has_left)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)
  ON CONFLICT (id) DO UPDATE SET run = ?2, name = ?3, host = ?4, version = ?5, url = ?6, started_at_ms = ?7,
    holds = ?8, beat_at_ms = ?9, has_left = 0
  WHERE run = ?2 OR ?10 = 1`;

/** In a file of one machine, whose clock is the store's. */
export function createStationStore(database: Database, clock: Clock): StationStore {
  const say = (station: StationSign, takesOver: boolean): Promise<boolean> => {
    const { id, run, name, host, version, url, startedAtMs, holds } = station;
    const nowMs = clock.nowMs();
    return database.write(() => {
      database.statement('DELETE FROM stations WHERE beat_at_ms < ?').run(nowMs - FORGOTTEN_AFTER_MS);
      const said = [id, run, name, host, version, url, startedAtMs, JSON.stringify(holds)];
      return database.statement(BEAT_SQL).run(...said, nowMs, Number(takesOver)).changes === 1;
    });
  };
  return {
    async arrive(station) {
      await say(station, true);
    },
    async beat(station) {
      if (!(await say(station, false))) throw anotherRun(station);
    },
    async list() {
      const sql = 'SELECT *, ? - beat_at_ms AS silent_ms FROM stations ORDER BY name, id';
      return database.all(sql, clock.nowMs()).map(toKnownStation);
    },
    async leave(id) {
      await database.write(() => database.statement('UPDATE stations SET has_left = 1 WHERE id = ?').run(id));
    },
  };
}
