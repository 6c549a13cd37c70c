import { stateAfter, toRun } from '../../store/rows/runs.ts';
import type { EndOfRun, RunStore } from '../../store/runs.ts';
import type { Run } from '../../store/types.ts';
import type { SqlExecutor, TransactionalExecutor } from '../executor.ts';
import { holdClaim, lockRepository } from './lock.ts';

const SELECT =
  'SELECT runs.*, repositories.url FROM runs JOIN repositories ON repositories.id = repository_id';
const INSERT = `
  INSERT INTO runs (repository_id, state, reason, requested_at_ms) VALUES ($1, 'waiting', $2, $3) RETURNING id`;
/** Whoever starts holds the repository's claim, so a run that still says "running" belongs to a dead process. */
const FREE = `
  UPDATE runs SET state = 'waiting', started_at_ms = NULL WHERE repository_id = $1 AND state = 'running'`;
const START = `UPDATE runs SET state = 'running', started_at_ms = $2 WHERE id = $1`;
const WAIT_AGAIN = `UPDATE runs SET state = 'waiting', started_at_ms = NULL WHERE id = $1`;
/** With those that were asked for before it began: one bake answers them all. */
const FINISH = `
  UPDATE runs SET state = $1, summary = $2, error = $3, finished_at_ms = $4
  WHERE id = $5 OR ($6::integer = 1 AND state = 'waiting'
    AND repository_id = (SELECT repository_id FROM runs WHERE id = $5)
    AND requested_at_ms < (SELECT started_at_ms FROM runs WHERE id = $5))`;

/** See `endRun`; within the caller's transaction. */
export async function finishRun(
  transaction: SqlExecutor,
  id: number,
  end: EndOfRun,
  nowMs: number,
): Promise<void> {
  const ended = stateAfter(end);
  if (ended === 'wait') {
    await transaction.execute(WAIT_AGAIN, [id]);
    return;
  }
  const { state, summary, error } = ended;
  await transaction.execute(FINISH, [state, summary, error, nowMs, id, state === 'cancelled' ? 0 : 1]);
}

export function createRunStore(database: TransactionalExecutor): RunStore {
  const byId = async (executor: SqlExecutor, id: number): Promise<Run | undefined> => {
    const row = await executor.first(`${SELECT} WHERE runs.id = $1`, [id]);
    return row && toRun(row);
  };
  const waiting = async (executor: SqlExecutor, repositoryId: number): Promise<Run | undefined> => {
    const row = await executor.first(
      `${SELECT} WHERE repository_id = $1 AND runs.state = 'waiting' ORDER BY runs.id LIMIT 1`,
      [repositoryId],
    );
    return row && toRun(row);
  };
  const insert = async (
    executor: SqlExecutor,
    repositoryId: number,
    reason: string,
    nowMs: number,
  ): Promise<Run> => {
    const row = await executor.first(INSERT, [repositoryId, reason, nowMs]);
    return (await byId(executor, Number(row?.id))) as Run;
  };

  return {
    request: (repositoryId, reason, nowMs) =>
      database.transaction(async transaction => {
        await lockRepository(transaction, repositoryId);
        const known = await waiting(transaction, repositoryId);
        return known ?? insert(transaction, repositoryId, reason, nowMs);
      }),
    start: (repositoryId, reason, nowMs, claim) =>
      database.transaction(async transaction => {
        await holdClaim(transaction, claim);
        await lockRepository(transaction, repositoryId);
        await transaction.execute(FREE, [repositoryId]);
        const known = await waiting(transaction, repositoryId);
        const run = known ?? (await insert(transaction, repositoryId, reason, nowMs));
        await transaction.execute(START, [run.id, nowMs]);
        return (await byId(transaction, run.id)) as Run;
      }),
    byId: id => byId(database, id),
    waiting: repositoryId => waiting(database, repositoryId),
    async recent(limit, beforeId = Number.MAX_SAFE_INTEGER) {
      const sql = `${SELECT} WHERE runs.id < $2 ORDER BY runs.id DESC LIMIT $1`;
      return (await database.query(sql, [limit, beforeId])).map(toRun);
    },
  };
}
