import type { HookEvent, HookQueue } from '../../../local/hooks.ts';
import { readInteger, readText } from '../../../store/rows/columns.ts';
import type { Database } from '../../database.ts';
import type { GroupCommit } from '../../group-commit.ts';

/** Of the journal, whose database and changes it shares. */
export function createHookQueue(database: Database, changes: Pick<GroupCommit, 'submit'>): HookQueue {
  return {
    want: events =>
      changes.submit(() => {
        const wanted = JSON.stringify(events);
        database.statement('DELETE FROM hook_events').run();
        database.statement('INSERT INTO hook_events (event) SELECT value FROM json_each(?)').run(wanted);
        database.statement('DELETE FROM hook_runs WHERE event NOT IN (SELECT event FROM hook_events)').run();
      }),
    due: (nowMs, limit, without) =>
      database
        .all(
          `SELECT * FROM hook_runs WHERE next_at_ms <= ? AND id NOT IN (SELECT value FROM json_each(?))
           ORDER BY next_at_ms, id LIMIT ?`,
          nowMs,
          JSON.stringify(without),
          limit,
        )
        .map(row => ({
          id: readInteger(row, 'id'),
          recordId: readInteger(row, 'record_id'),
          event: readText(row, 'event') as HookEvent,
          failures: readInteger(row, 'failures'),
        })),
    nextDueMs() {
      const row = database.first('SELECT min(next_at_ms) AS next_at_ms FROM hook_runs');
      return row?.next_at_ms == null ? undefined : readInteger(row, 'next_at_ms');
    },
    count() {
      const row = database.first('SELECT count(*) AS runs FROM hook_runs');
      return row ? readInteger(row, 'runs') : 0;
    },
    end: id =>
      changes.submit(() => {
        database.statement('DELETE FROM hook_runs WHERE id = ?').run(id);
      }),
    postpone: (id, nextAtMs) =>
      changes.submit(() => {
        database
          .statement('UPDATE hook_runs SET failures = failures + 1, next_at_ms = ? WHERE id = ?')
          .run(nextAtMs, id);
      }),
  };
}
