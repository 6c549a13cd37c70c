import type {
  ChangesetLifeRow,
  ChangesetLivesQuery,
  ChangesetScope,
  LifeEvent,
  OpenChangesetCounts,
  OpenChangesetsQuery,
  Questions,
  StaleChangesets,
  StaleChangesetsQuery,
} from '../../../store/questions.ts';
import type { Database } from '../../database.ts';
import { integer, integerOrNull, type SqlValue, text, textOrNull } from '../../rows.ts';

type ChangesetQuestions = Pick<Questions, 'countOpenChangesets' | 'changesetLives' | 'staleChangesets'>;

/** Questions about how changesets are reviewed and merged. */
export function changesetQuestions(database: Database): ChangesetQuestions {
  return {
    async countOpenChangesets(query) {
      return database.read(() => countOpen(database, query));
    },
    async changesetLives(query) {
      return database.read(() => livesOf(database, query));
    },
    async staleChangesets(query) {
      return database.read(() => staleOf(database, query));
    },
  };
}

function countOpen(database: Database, query: OpenChangesetsQuery): OpenChangesetCounts[] {
  const { host, repository, idleSinceMs, openedSinceMs } = query;
  const age = openedSinceMs.map((_, at) => `WHEN created_at_ms >= ?${at + 4} THEN ${at}`).join(' ');
  const sql = `
    SELECT CASE ${age} ELSE ${openedSinceMs.length} END AS age, sum(state = 'open') AS open, sum(state = 'draft') AS draft,
           sum(state = 'open' AND review_state IN ('none', 'requested')) AS waiting, sum(updated_at_ms < ?1) AS stale
      FROM changesets
     WHERE state IN ('open', 'draft') AND (?2 IS NULL OR host = ?2) AND (?3 IS NULL OR repository = ?3) GROUP BY age`;
  return database.all(sql, idleSinceMs, host ?? null, repository ?? null, ...openedSinceMs).map(row => ({
    age: integer(row, 'age'),
    open: integer(row, 'open'),
    draft: integer(row, 'draft'),
    waitingForReview: integer(row, 'waiting'),
    stale: integer(row, 'stale'),
  }));
}

/** Conditions to be appended to others, and their parameters. */
function conditionsOf({ host, repository }: ChangesetScope): {
  readonly sql: string;
  readonly params: SqlValue[];
} {
  const params: SqlValue[] = [];
  let sql = '';
  if (host !== undefined) {
    sql += ' AND host = ?';
    params.push(host);
  }
  if (repository !== undefined) {
    sql += ' AND repository = ?';
    params.push(repository);
  }
  return { sql, params };
}

function livesOf(database: Database, query: ChangesetLivesQuery): ChangesetLifeRow[] {
  const { sql: conditions, params } = conditionsOf(query);
  const { sinceMs, untilMs, afterId, limit } = query;
  const sql = `
    SELECT id, state, author, created_at_ms, merged_at_ms, closed_at_ms, additions + deletions AS lines
      FROM changesets NOT INDEXED WHERE id > ? AND created_at_ms < ?
       AND (created_at_ms >= ? OR merged_at_ms >= ? OR closed_at_ms >= ?) ${conditions}
     ORDER BY id LIMIT ?`;
  const rows = database.all(sql, afterId, untilMs, sinceMs, sinceMs, sinceMs, ...params, limit);
  const events = eventsOf(
    database,
    rows.map(row => integer(row, 'id')),
  );
  return rows.map(row => ({
    id: integer(row, 'id'),
    state: text(row, 'state'),
    author: textOrNull(row, 'author'),
    createdAtMs: integer(row, 'created_at_ms'),
    mergedAtMs: integerOrNull(row, 'merged_at_ms'),
    closedAtMs: integerOrNull(row, 'closed_at_ms'),
    lines: integerOrNull(row, 'lines'),
    events: events.get(integer(row, 'id')) ?? [],
  }));
}

function eventsOf(database: Database, ids: readonly number[]): Map<number, LifeEvent[]> {
  const sql = `
    SELECT changeset_id, kind, at_ms, actor, actor_is_bot, review FROM changeset_events
     WHERE changeset_id IN (SELECT value FROM json_each(?))
       AND kind IN ('review', 'commit', 'force_push', 'ready_for_review', 'converted_to_draft')
     ORDER BY changeset_id, at_ms, place, host_id`;
  const byChangeset = new Map<number, LifeEvent[]>();
  for (const row of database.all(sql, JSON.stringify(ids))) {
    const id = integer(row, 'changeset_id');
    const events = byChangeset.get(id) ?? [];
    byChangeset.set(id, events);
    events.push({
      kind: text(row, 'kind'),
      atMs: integer(row, 'at_ms'),
      actor: textOrNull(row, 'actor'),
      actorIsBot: integer(row, 'actor_is_bot') === 1,
      review: textOrNull(row, 'review'),
    });
  }
  return byChangeset;
}

function staleOf(database: Database, query: StaleChangesetsQuery): StaleChangesets {
  const { sql, params } = conditionsOf(query);
  const stale = `FROM changesets WHERE state IN ('open', 'draft') AND updated_at_ms < ? ${sql}`;
  const counted = database.statement(`SELECT count(*) AS n ${stale}`).get(query.idleSinceMs, ...params);
  const oldest = database.all(
    `SELECT url, title, updated_at_ms ${stale} ORDER BY updated_at_ms LIMIT ?`,
    query.idleSinceMs,
    ...params,
    query.limit,
  );
  return {
    count: Number(counted?.n),
    oldest: oldest.map(row => ({
      url: text(row, 'url'),
      title: text(row, 'title'),
      updatedAtMs: integer(row, 'updated_at_ms'),
    })),
  };
}
