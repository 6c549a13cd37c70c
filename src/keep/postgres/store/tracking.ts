import { readInteger, readText } from '../../store/rows/columns.ts';
import type { TrackingStore } from '../../store/tracking.ts';
import type { TrackingOrigin } from '../../store/types.ts';
import type { SqlExecutor, TransactionalExecutor } from '../executor.ts';
import { lockName } from './lock.ts';

const ADD = `
  INSERT INTO tracking (repository_id, origin, since_ms)
  SELECT id, $2, $3 FROM unnest($1::bigint[]) AS given (id) ON CONFLICT DO NOTHING`;
const REMOVE = 'DELETE FROM tracking WHERE repository_id = ANY($1::bigint[]) AND origin = ANY($2)';
const TRACKED = 'SELECT id FROM repositories WHERE id = ANY($1::bigint[]) AND tracked = 1';
const RENEW = `
  UPDATE repositories SET tracked = (EXISTS (SELECT FROM tracking WHERE repository_id = repositories.id))::integer
   WHERE id = ANY($1::bigint[])`;
/** In the order of their ids: two that change the same ones do not wait for each other. */
const LOCK = 'SELECT FROM repositories WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE';

export function createTrackingStore(database: TransactionalExecutor): TrackingStore {
  const trackedOf = async (executor: SqlExecutor, ids: readonly number[]): Promise<Set<number>> =>
    new Set((await executor.query(TRACKED, [ids])).map(row => readInteger(row, 'id')));

  return {
    add: (id, origin, nowMs) =>
      database.transaction(async transaction => {
        await transaction.query(LOCK, [[id]]);
        const added = await transaction.execute(ADD, [[id], origin, nowMs]);
        await transaction.execute(RENEW, [[id]]);
        return added > 0;
      }),
    remove: (id, origins) =>
      database.transaction(async transaction => {
        await transaction.query(LOCK, [[id]]);
        const before = await trackedOf(transaction, [id]);
        await transaction.execute(REMOVE, [[id], origins]);
        await transaction.execute(RENEW, [[id]]);
        const after = await trackedOf(transaction, [id]);
        return before.has(id) && !after.has(id);
      }),
    replace: (origin, ids, nowMs) =>
      database.transaction(async transaction => {
        await lockName(transaction, `tracking ${origin}`);
        const wanted = new Set(ids);
        const rows = await transaction.query('SELECT repository_id FROM tracking WHERE origin = $1', [
          origin,
        ]);
        const before = new Set(rows.map(row => readInteger(row, 'repository_id')));
        const gone = [...before.difference(wanted)];
        const added = [...wanted.difference(before)];
        await transaction.query(LOCK, [[...gone, ...added]]);
        const trackedBefore = await trackedOf(transaction, [...gone, ...added]);
        await transaction.execute(REMOVE, [gone, [origin]]);
        await transaction.execute(ADD, [added, origin, nowMs]);
        await transaction.execute(RENEW, [[...gone, ...added]]);
        const trackedAfter = await trackedOf(transaction, gone);
        return {
          began: added.filter(id => !trackedBefore.has(id)),
          ended: gone.filter(id => !trackedAfter.has(id)),
        };
      }),
    async origins() {
      const rows = await database.query('SELECT DISTINCT origin FROM tracking');
      return rows.map(row => readText(row, 'origin') as TrackingOrigin);
    },
  };
}
