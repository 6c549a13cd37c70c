import { stateAfter, toRun } from '../../store/rows/runs.ts';
import type { EndOfRun, RunStore } from '../../store/runs.ts';
import type { Run } from '../../store/types.ts';
import type { Database } from '../database.ts';
import { writeUnder } from './claim.ts';

const SELECT =
  'SELECT runs.*, repositories.url FROM runs JOIN repositories ON repositories.id = repository_id';

/** With those that were asked for before it began: one bake answers them all. */
const FINISH = `
  UPDATE runs SET state = ?1, summary = ?2, error = ?3, finished_at_ms = ?4
  WHERE id = ?5 OR (?6 AND state = 'waiting'
    AND repository_id = (SELECT repository_id FROM runs WHERE id = ?5)
    AND requested_at_ms < (SELECT started_at_ms FROM runs WHERE id = ?5))`;

/** See `endRun`; within the caller's transaction. */
export function finishRun(database: Database, id: number, end: EndOfRun, nowMs: number): void {
  const ended = stateAfter(end);
  if (ended === 'wait') {
    database.statement(`UPDATE runs SET state = 'waiting', started_at_ms = NULL WHERE id = ?`).run(id);
    return;
  }
  const { state, summary, error } = ended;
  database.statement(FINISH).run(state, summary, error, nowMs, id, state === 'cancelled' ? 0 : 1);
}

export function createRunStore(database: Database): RunStore {
  const byId = (id: number): Run | undefined => {
    const row = database.first(`${SELECT} WHERE runs.id = ?`, id);
    return row && toRun(row);
  };
  const waiting = (repositoryId: number): Run | undefined => {
    const row = database.first(
      `${SELECT} WHERE repository_id = ? AND runs.state = 'waiting' ORDER BY runs.id LIMIT 1`,
      repositoryId,
    );
    return row && toRun(row);
  };
  const insert = (repositoryId: number, reason: string, nowMs: number): Run => {
    const { lastInsertRowid } = database
      .statement(
        `INSERT INTO runs (repository_id, state, reason, requested_at_ms) VALUES (?, 'waiting', ?, ?)`,
      )
      .run(repositoryId, reason, nowMs);
    return byId(Number(lastInsertRowid)) as Run;
  };

  return {
    request: (repositoryId, reason, nowMs) =>
      database.write(() => waiting(repositoryId) ?? insert(repositoryId, reason, nowMs)),
    start: (repositoryId, reason, nowMs, claim) =>
      writeUnder(database, claim, () => {
        // Whoever starts holds the repository's claim, so a run that still says "running" belongs to a dead process.
        database
          .statement(
            `UPDATE runs SET state = 'waiting', started_at_ms = NULL WHERE repository_id = ? AND state = 'running'`,
          )
          .run(repositoryId);
        const run = waiting(repositoryId) ?? insert(repositoryId, reason, nowMs);
        database
          .statement(`UPDATE runs SET state = 'running', started_at_ms = ? WHERE id = ?`)
          .run(nowMs, run.id);
        return byId(run.id) as Run;
      }),
    async byId(id) {
      return database.read(() => byId(id));
    },
    async waiting(repositoryId) {
      return database.read(() => waiting(repositoryId));
    },
    async recent(limit, beforeId = Number.MAX_SAFE_INTEGER) {
      return database
        .all(`${SELECT} WHERE runs.id < ? ORDER BY runs.id DESC LIMIT ?`, beforeId, limit)
        .map(toRun);
    },
  };
}
