import type { Pause, PauseStore } from '../../local/pauses.ts';
import { readInteger, readText } from '../../store/rows/columns.ts';
import type { Database } from '../database.ts';

/** Takes the database over: it is closed with it. */
export function createPauseStore(database: Database): PauseStore {
  return {
    list: () =>
      database.all('SELECT kind, name, since_ms FROM pauses ORDER BY since_ms, kind, name').map(row => ({
        kind: readText(row, 'kind') as Pause['kind'],
        name: readText(row, 'name'),
        sinceMs: readInteger(row, 'since_ms'),
      })),
    add: ({ kind, name, sinceMs }) =>
      database.write(() => {
        database
          .statement('INSERT OR IGNORE INTO pauses (kind, name, since_ms) VALUES (?, ?, ?)')
          .run(kind, name, sinceMs);
      }),
    remove: ({ kind, name }) =>
      database.write(() => {
        database.statement('DELETE FROM pauses WHERE kind = ? AND name = ?').run(kind, name);
      }),
    close: () => database.close(),
  };
}
