import { readInteger, readText } from '../../store/rows/columns.ts';
import type { TrackingStore } from '../../store/tracking.ts';
import type { TrackingOrigin } from '../../store/types.ts';
import type { Database } from '../database.ts';

export function createTrackingStore(database: Database): TrackingStore {
  const isTracked = (id: number): boolean =>
    database.statement('SELECT 1 FROM tracking WHERE repository_id = ? LIMIT 1').get(id) !== undefined;
  const setTracked = (id: number, tracked: boolean): void => {
    database.statement('UPDATE repositories SET tracked = ? WHERE id = ?').run(Number(tracked), id);
  };
  const insert = (id: number, origin: TrackingOrigin, nowMs: number): boolean => {
    const { changes } = database
      .statement('INSERT OR IGNORE INTO tracking (repository_id, origin, since_ms) VALUES (?, ?, ?)')
      .run(id, origin, nowMs);
    setTracked(id, true);
    return changes > 0;
  };
  const remove = (id: number, origin: TrackingOrigin): void => {
    database.statement('DELETE FROM tracking WHERE repository_id = ? AND origin = ?').run(id, origin);
  };
  const wantedBy = (origin: TrackingOrigin): number[] =>
    database
      .all('SELECT repository_id FROM tracking WHERE origin = ?', origin)
      .map(row => readInteger(row, 'repository_id'));

  return {
    add: (id, origin, nowMs) => database.write(() => insert(id, origin, nowMs)),
    remove: (id, origins) =>
      database.write(() => {
        const before = isTracked(id);
        for (const origin of origins) remove(id, origin);
        const after = isTracked(id);
        setTracked(id, after);
        return before && !after;
      }),
    replace: (origin, ids, nowMs) =>
      database.write(() => {
        const wanted = new Set(ids);
        const before = new Set(wantedBy(origin));
        const ended = [...before.difference(wanted)].filter(id => {
          remove(id, origin);
          const tracked = isTracked(id);
          setTracked(id, tracked);
          return !tracked;
        });
        const began = [...wanted.difference(before)].filter(id => {
          const tracked = isTracked(id);
          insert(id, origin, nowMs);
          return !tracked;
        });
        return { began, ended };
      }),
    async origins() {
      return database
        .all('SELECT DISTINCT origin FROM tracking')
        .map(row => readText(row, 'origin') as TrackingOrigin);
    },
  };
}
