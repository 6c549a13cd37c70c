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
import type { SqlExecutor } from '../../executor.ts';

type ChangesetQuestions = Pick<
  Questions,
  'countOpenChangesets' | 'changesetLives' | 'reviewsByDay' | 'staleChangesets'
>;

/** Of a scope; its parameters are 1 and 2, null where all are meant. */
const IN_SCOPE = `($1::text IS NULL OR host = $1) AND ($2::text IS NULL OR lower(repository) = lower($2 COLLATE "C"))`;

function scopeParams({ host, repository }: ChangesetScope): [string | null, string | null] {
  return [host ?? null, repository ?? null];
}

/** Questions about how changesets are reviewed and merged. */
export function changesetQuestions(database: SqlExecutor): ChangesetQuestions {
  return {
    countOpenChangesets: query => countOpen(database, query),
    changesetLives: query => livesOf(database, query),
    reviewsByDay: query => reviewsOf(database, query),
    staleChangesets: query => staleOf(database, query),
  };
}

async function countOpen(database: SqlExecutor, query: OpenChangesetsQuery): Promise<OpenChangesetCounts[]> {
  const sql = `
    SELECT coalesce((SELECT min(place) - 1 FROM unnest($4::bigint[]) WITH ORDINALITY AS opened (since, place)
                      WHERE created_at_ms >= since), cardinality($4::bigint[])) AS age,
           count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'draft') AS draft,
           count(*) FILTER (WHERE state = 'open' AND review_state IN ('none', 'requested')) AS waiting,
           count(*) FILTER (WHERE updated_at_ms < $3) AS stale
      FROM changesets WHERE state IN ('open', 'draft') AND ${IN_SCOPE} GROUP BY age ORDER BY age`;
  const rows = await database.query(sql, [...scopeParams(query), query.idleSinceMs, query.openedSinceMs]);
  return rows.map(row => ({
    age: readInteger(row, 'age'),
    open: readInteger(row, 'open'),
    draft: readInteger(row, 'draft'),
    waitingForReview: readInteger(row, 'waiting'),
    stale: readInteger(row, 'stale'),
  }));
}

async function livesOf(database: SqlExecutor, query: ChangesetLivesQuery): Promise<ChangesetLifeRow[]> {
  const { sinceMs, untilMs, afterId, limit } = query;
  const sql = `
    SELECT id, state, author, created_at_ms, merged_at_ms, closed_at_ms, additions + deletions AS lines
      FROM changesets WHERE id > $3 AND created_at_ms < $4
       AND (created_at_ms >= $5 OR merged_at_ms >= $5 OR closed_at_ms >= $5) AND ${IN_SCOPE}
     ORDER BY id LIMIT $6`;
  const rows = await database.query(sql, [...scopeParams(query), afterId, untilMs, sinceMs, limit]);
  const events = await eventsOf(
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

async function eventsOf(database: SqlExecutor, ids: readonly number[]): Promise<Map<number, LifeEvent[]>> {
  const sql = `
    SELECT changeset_id, kind, at_ms, actor, actor_is_bot, review FROM changeset_events
     WHERE changeset_id = ANY($1::bigint[])
       AND kind IN ('review', 'commit', 'force_push', 'ready_for_review', 'converted_to_draft')
     ORDER BY changeset_id, at_ms, place, host_id`;
  const byChangeset = new Map<number, LifeEvent[]>();
  for (const row of await database.query(sql, [ids])) {
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
async function reviewsOf(database: SqlExecutor, query: ReviewsQuery): Promise<DayReviews[]> {
  const sql = `
    SELECT actor AS reviewer, floor(at_ms::numeric / ${DAY_MS})::integer AS day, count(*) AS reviews
      FROM changesets JOIN changeset_events ON changeset_id = changesets.id
     WHERE greatest(updated_at_ms, last_change_at_ms, latest_event_at_ms) >= $3 AND at_ms >= $3 AND at_ms < $4 AND kind = 'review' AND actor_is_bot = 0
       AND actor IS NOT NULL AND actor IS DISTINCT FROM author AND review IS DISTINCT FROM 'pending' AND ${IN_SCOPE}
     GROUP BY 1, 2 ORDER BY actor COLLATE "C", day`;
  const rows = await database.query(sql, [...scopeParams(query), query.sinceMs, query.untilMs]);
  return rows.map(row => ({
    reviewer: readText(row, 'reviewer'),
    day: readInteger(row, 'day'),
    reviews: readInteger(row, 'reviews'),
  }));
}

async function staleOf(database: SqlExecutor, query: StaleChangesetsQuery): Promise<StaleChangesets> {
  const stale = `FROM changesets WHERE state IN ('open', 'draft') AND updated_at_ms < $3 AND ${IN_SCOPE}`;
  const params = [...scopeParams(query), query.idleSinceMs];
  const counted = await database.first(`SELECT count(*) AS n ${stale}`, params);
  const oldest = await database.query(
    `SELECT url, title, updated_at_ms ${stale} ORDER BY updated_at_ms, id LIMIT $4`,
    [...params, query.limit],
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
