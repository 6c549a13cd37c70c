import type {
  ChangesetLifeRow,
  ChangesetLivesQuery,
  ChangesetScope,
  DayReviews,
  LifeEvent,
  OpenChangesetCounts,
  OpenChangesetsQuery,
  Questions,
  ReviewsQuery,
  StaleChangesets,
  StaleChangesetsQuery,
} from '../../../store/questions.ts';
import { readInteger, readIntegerOrNull, readText, readTextOrNull } from '../../../store/rows/columns.ts';
import type { Database } from '../../database.ts';
import type { SqlValue } from '../../values.ts';

type ChangesetQuestions = Pick<
  Questions,
  'countOpenChangesets' | 'changesetLives' | 'reviewsByDay' | 'staleChangesets'
>;

/** Questions about how changesets are reviewed and merged. */
export function changesetQuestions(database: Database): ChangesetQuestions {
  return {
    async countOpenChangesets(query) {
      return countOpen(database, query);
    },
    async changesetLives(query) {
      return livesOf(database, query);
    },
    async reviewsByDay(query) {
      return reviewsOf(database, query);
    },
    async staleChangesets(query) {
      return staleOf(database, query);
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
    age: readInteger(row, 'age'),
    open: readInteger(row, 'open'),
    draft: readInteger(row, 'draft'),
    waitingForReview: readInteger(row, 'waiting'),
    stale: readInteger(row, 'stale'),
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
    rows.map(row => readInteger(row, 'id')),
  );
  return rows.map(row => ({
    id: readInteger(row, 'id'),
    state: readText(row, 'state'),
    author: readTextOrNull(row, 'author'),
    createdAtMs: readInteger(row, 'created_at_ms'),
    mergedAtMs: readIntegerOrNull(row, 'merged_at_ms'),
    closedAtMs: readIntegerOrNull(row, 'closed_at_ms'),
    lines: readIntegerOrNull(row, 'lines'),
    events: events.get(readInteger(row, 'id')) ?? [],
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
    const id = readInteger(row, 'changeset_id');
    const events = byChangeset.get(id) ?? [];
    byChangeset.set(id, events);
    events.push({
      kind: readText(row, 'kind'),
      atMs: readInteger(row, 'at_ms'),
      actor: readTextOrNull(row, 'actor'),
      actorIsBot: readInteger(row, 'actor_is_bot') === 1,
      review: readTextOrNull(row, 'review'),
    });
  }
  return byChangeset;
}

const DAY_MS = 86_400_000;

/** Of changesets that have seen a change since the window began, however that is known: no index of events is needed. */
function reviewsOf(database: Database, query: ReviewsQuery): DayReviews[] {
  const { sql: conditions, params } = conditionsOf(query);
  const sql = `
    SELECT actor AS reviewer, at_ms / ${DAY_MS} AS day, count(*) AS reviews
      FROM changesets NOT INDEXED CROSS JOIN changeset_events ON changeset_id = changesets.id
     WHERE max(coalesce(updated_at_ms, 0), coalesce(last_change_at_ms, 0), coalesce(latest_event_at_ms, 0)) >= ?1
       AND at_ms >= ?1 AND at_ms < ?2 AND kind = 'review' AND actor_is_bot = 0
       AND actor IS NOT NULL AND actor IS NOT author AND review IS NOT 'pending' ${conditions}
     GROUP BY reviewer, day ORDER BY reviewer, day`;
  return database.all(sql, query.sinceMs, query.untilMs, ...params).map(row => ({
    reviewer: readText(row, 'reviewer'),
    day: readInteger(row, 'day'),
    reviews: readInteger(row, 'reviews'),
  }));
}

function staleOf(database: Database, query: StaleChangesetsQuery): StaleChangesets {
  const { sql, params } = conditionsOf(query);
  const stale = `FROM changesets WHERE state IN ('open', 'draft') AND updated_at_ms < ? ${sql}`;
  const counted = database.first(`SELECT count(*) AS n ${stale}`, query.idleSinceMs, ...params);
  const oldest = database.all(
    `SELECT url, title, updated_at_ms ${stale} ORDER BY updated_at_ms LIMIT ?`,
    query.idleSinceMs,
    ...params,
    query.limit,
  );
  return {
    count: Number(counted?.n),
    oldest: oldest.map(row => ({
      url: readText(row, 'url'),
      title: readText(row, 'title'),
      updatedAtMs: readInteger(row, 'updated_at_ms'),
    })),
  };
}
