import { LIVES_AT_ONCE } from '../../../store/changeset-life.ts';
import type { SqlRow } from '../../../store/rows/columns.ts';
import { IS_LIFE_EVENT, LIFE_COLUMNS, toLifeValues } from '../../../store/rows/lives.ts';
import type { SqlExecutor, TransactionalExecutor } from '../../executor.ts';

const DUE = 'SELECT changeset_id AS id FROM changeset_lives_due ORDER BY changeset_id LIMIT $1';
const ARE_DUE = 'SELECT changeset_id AS id FROM changeset_lives_due WHERE changeset_id = ANY($1::bigint[])';
/**
 * Locked against whoever adds events meanwhile, which refer to it: these are seen by the next statement, or come after
 * the life is made and have it made anew.
 */
const CHANGESETS = `
  SELECT id, state, author, created_at_ms, merged_at_ms, closed_at_ms, additions + deletions AS lines
    FROM changesets WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE`;
const EVENTS = `
  SELECT changeset_id, kind, at_ms, actor, actor_is_bot, review FROM changeset_events
   WHERE changeset_id = ANY($1::bigint[]) AND ${IS_LIFE_EVENT} ORDER BY changeset_id, at_ms, place, host_id`;
const SAVE = `
  INSERT INTO changeset_lives (${LIFE_COLUMNS.join(', ')})
  SELECT * FROM unnest(${LIFE_COLUMNS.map((_, at) => `$${at + 1}::bigint[]`).join(', ')})
  ON CONFLICT (changeset_id) DO UPDATE SET ${LIFE_COLUMNS.slice(1)
    .map(column => `${column} = excluded.${column}`)
    .join(', ')}`;
const FORGET = 'DELETE FROM changeset_lives WHERE changeset_id = ANY($1::bigint[])';
const DONE = 'DELETE FROM changeset_lives_due WHERE changeset_id = ANY($1::bigint[])';

/** Makes those lives anew that are due, within a transaction. */
export async function makeLivesOf(transaction: SqlExecutor, given: readonly number[]): Promise<void> {
  const ids = (await transaction.query(ARE_DUE, [given])).map(({ id }) => Number(id));
  if (ids.length === 0) return;
  const changesets = await transaction.query(CHANGESETS, [ids]);
  const events = Map.groupBy(await transaction.query(EVENTS, [ids]), row => Number(row.changeset_id));
  const made: (number | null)[][] = [];
  const unknown: number[] = [];
  for (const row of changesets as SqlRow[]) {
    const values = toLifeValues(row, events.get(Number(row.id)) ?? []);
    if (values) made.push(values);
    else unknown.push(Number(row.id));
  }
  if (made.length > 0)
    await transaction.execute(
      SAVE,
      LIFE_COLUMNS.map((_, at) => made.map(values => values[at] ?? null)),
    );
  if (unknown.length > 0) await transaction.execute(FORGET, [unknown]);
  await transaction.execute(DONE, [ids]);
}

/** See `ChangesetStore.makeLives`. */
export async function makeLives(database: TransactionalExecutor, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const ids = (await database.query(DUE, [LIVES_AT_ONCE])).map(({ id }) => Number(id));
    if (ids.length === 0) return;
    signal?.throwIfAborted();
    await database.transaction(transaction => makeLivesOf(transaction, ids), { mayBeLost: true });
  }
}
