import { setImmediate } from 'node:timers/promises';
import { LIVES_AT_ONCE } from '../../../store/changeset-life.ts';
import { IS_LIFE_EVENT, LIFE_COLUMNS, toLifeValues } from '../../../store/rows/lives.ts';
import type { Database } from '../../database.ts';

const DUE = 'SELECT changeset_id AS id FROM changeset_lives_due ORDER BY changeset_id LIMIT ?';
const IS_DUE = 'DELETE FROM changeset_lives_due WHERE changeset_id = ? RETURNING changeset_id';
const CHANGESET = `
  SELECT id, state, author, created_at_ms, merged_at_ms, closed_at_ms, additions + deletions AS lines
    FROM changesets WHERE id = ?`;
const EVENTS = `
  SELECT kind, at_ms, actor, actor_is_bot, review FROM changeset_events
   WHERE changeset_id = ? AND ${IS_LIFE_EVENT} ORDER BY at_ms, place, host_id`;
const SAVE = `
  INSERT OR REPLACE INTO changeset_lives (${LIFE_COLUMNS.join(', ')}) VALUES (${LIFE_COLUMNS.map(() => '?').join(', ')})`;
const FORGET = 'DELETE FROM changeset_lives WHERE changeset_id = ?';

/** Makes those lives anew that are due, within a write. */
export function makeLivesOf(database: Database, ids: readonly number[]): void {
  for (const id of ids) {
    if (!database.statement(IS_DUE).get(id)) continue;
    const changeset = database.statement(CHANGESET).get(id);
    const values = changeset && toLifeValues(changeset, database.statement(EVENTS).all(id));
    if (values) database.statement(SAVE).run(...values);
    else database.statement(FORGET).run(id);
  }
}

/** See `ChangesetStore.makeLives`; others have their turn in between. */
export async function makeLives(database: Database, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const ids = database.all(DUE, LIVES_AT_ONCE).map(({ id }) => Number(id));
    if (ids.length === 0) return;
    signal?.throwIfAborted();
    await database.write(() => makeLivesOf(database, ids));
    await setImmediate();
  }
}
