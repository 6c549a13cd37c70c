import type { Percentiles } from '../../../store/changeset-life.ts';
import type {
  ChangesetScope,
  ChangesetWindow,
  DayReviews,
  LifeFigures,
  LifeFiguresQuery,
  MergedCycle,
  OpenChangesetCounts,
  OpenChangesetsQuery,
  Questions,
  StaleChangesets,
  StaleChangesetsQuery,
} from '../../../store/questions.ts';
import { readInteger, readText } from '../../../store/rows/columns.ts';
import type { SqlExecutor, TransactionalExecutor } from '../../executor.ts';
import type { Parameter } from '../../parameters.ts';
import { makeLives } from '../changesets/lives.ts';

type ChangesetQuestions = Pick<
  Questions,
  'countOpenChangesets' | 'changesetFigures' | 'mergedCycles' | 'reviewsByDay' | 'staleChangesets'
>;

/** Of a scope; its parameters are 1 and 2, null where all are meant. */
const IN_SCOPE = `($1::text IS NULL OR host = $1) AND ($2::text IS NULL OR lower(repository) = lower($2 COLLATE "C"))`;

function scopeParams({ host, repository }: ChangesetScope): [string | null, string | null] {
  return [host ?? null, repository ?? null];
}

/** Questions about how changesets are reviewed and merged. */
export function changesetQuestions(database: TransactionalExecutor): ChangesetQuestions {
  return {
    countOpenChangesets: query => countOpen(database, query),
    changesetFigures: query => figuresOf(database, query),
    mergedCycles: query => cyclesOf(database, query),
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

/** How many values a column has, and their percentiles by nearest rank, as one value of JSON. */
function percentilesIn(column: string, condition = 'true'): string {
  const filter = `FILTER (WHERE ${condition})`;
  return `json_build_array(count(${column}) ${filter},
    percentile_disc(ARRAY[0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY ${column}) ${filter})`;
}

function toPercentiles(value: unknown): Percentiles {
  const [count, values] = value as [number, (number | null)[] | null];
  const [p50 = null, p75 = null, p90 = null] = values ?? [];
  return { count, p50, p75, p90 };
}

/** A condition for each size: up to each bound, and at last all larger ones. */
function sizesOf(upToLines: readonly number[]): string[] {
  return [...upToLines, null].map((bound, at) => {
    const above = at === 0 ? -1 : (upToLines[at - 1] ?? 0);
    return `lines > ${above}${bound === null ? '' : ` AND lines <= ${bound}`}`;
  });
}

const MERGED = {
  reviewRounds: 'rounds',
  cycleMs: 'cycle_ms',
  draftMs: 'draft_ms',
  firstReviewMs: 'first_review_ms',
  inReviewMs: 'in_review_ms',
  waitForMergeMs: 'wait_for_merge_ms',
} as const;

/** The lives in a query's scope, and the parameters of the statement that reads them. */
function livesIn({ sinceMs, untilMs, ...scope }: ChangesetWindow) {
  const isScoped = scope.host !== undefined || scope.repository !== undefined;
  const lives = isScoped
    ? `(SELECT lives.* FROM changeset_lives lives JOIN changesets ON changesets.id = changeset_id
         WHERE ${IN_SCOPE}) lives`
    : 'changeset_lives lives';
  const params: Parameter[] = isScoped ? scopeParams(scope) : [];
  params.push(sinceMs, untilMs);
  return { lives, params, since: `$${params.length - 1}::bigint`, until: `$${params.length}::bigint` };
}

async function cyclesOf(database: TransactionalExecutor, query: ChangesetWindow): Promise<MergedCycle[]> {
  await makeLives(database);
  const { lives, params, since, until } = livesIn(query);
  const rows = await database.query(
    `SELECT merged_at_ms, cycle_ms FROM ${lives} WHERE merged_at_ms >= ${since} AND merged_at_ms < ${until}
      ORDER BY merged_at_ms, changeset_id`,
    params,
  );
  return rows.map(row => ({
    mergedAtMs: readInteger(row, 'merged_at_ms'),
    cycleMs: readInteger(row, 'cycle_ms'),
  }));
}

async function figuresOf(database: TransactionalExecutor, query: LifeFiguresQuery): Promise<LifeFigures> {
  await makeLives(database);
  const { upToLines } = query;
  const { lives, params, since, until } = livesIn(query);
  const within = (time: string): string => `${time} >= ${since} AND ${time} < ${until}`;
  const day = (time: string): string => `${time} / 86400000 AS day`;
  const names = Object.keys(MERGED) as (keyof typeof MERGED)[];
  const columns = names.map(name => `${percentilesIn(MERGED[name])} AS "${name}"`);
  const sizes = sizesOf(upToLines).map((size, at) => `${percentilesIn('cycle_ms', size)} AS size${at}`);
  // Each on a connection of its own: they sort different columns.
  const [opened, merged, bySize, days] = await Promise.all([
    database.first(
      `SELECT ${percentilesIn('first_review_ms')} AS reviews FROM ${lives} WHERE ${within('created_at_ms')}`,
      params,
    ),
    database.first(`SELECT ${columns.join(', ')} FROM ${lives} WHERE ${within('merged_at_ms')}`, params),
    database.first(`SELECT ${sizes.join(', ')} FROM ${lives} WHERE ${within('merged_at_ms')}`, params),
    database.query(
      `SELECT day, sum(opened) AS opened, sum(merged) AS merged, sum(closed) AS closed FROM (
         SELECT ${day('created_at_ms')}, count(*) AS opened, 0 AS merged, 0 AS closed
           FROM ${lives} WHERE ${within('created_at_ms')} GROUP BY day
         UNION ALL
         SELECT ${day('merged_at_ms')}, 0, count(*), 0 FROM ${lives} WHERE ${within('merged_at_ms')} GROUP BY day
         UNION ALL
         SELECT ${day('closed_at_ms')}, 0, 0, count(*)
           FROM ${lives} WHERE merged_at_ms IS NULL AND ${within('closed_at_ms')} GROUP BY day
       ) counts GROUP BY day ORDER BY day`,
      params,
    ),
  ]);
  const ofMerged = Object.fromEntries(names.map(name => [name, toPercentiles(merged?.[name])]));
  return {
    timeToFirstReviewMs: toPercentiles(opened?.reviews),
    ...(ofMerged as Record<keyof typeof MERGED, Percentiles>),
    cycleBySizeMs: sizes.map((_, at) => toPercentiles(bySize?.[`size${at}`])),
    days: days.map(row => ({
      day: readInteger(row, 'day'),
      opened: Number(row.opened),
      merged: Number(row.merged),
      closed: Number(row.closed),
    })),
  };
}

const DAY_MS = 86_400_000;

/** Of changesets that have seen a change since the window began, however that is known: no index of events is needed. */
async function reviewsOf(database: SqlExecutor, query: ChangesetWindow): Promise<DayReviews[]> {
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
