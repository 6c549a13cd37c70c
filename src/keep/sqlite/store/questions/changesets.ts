import { setImmediate } from 'node:timers/promises';
import { type Percentiles, percentiles } from '../../../store/changeset-life.ts';
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
import type { Database } from '../../database.ts';
import type { SqlValue } from '../../values.ts';
import { makeLives } from '../changesets/lives.ts';

const DAY_MS = 86_400_000;

type ChangesetQuestions = Pick<
  Questions,
  'countOpenChangesets' | 'changesetFigures' | 'mergedCycles' | 'reviewsByDay' | 'staleChangesets'
>;

/** Questions about how changesets are reviewed and merged. */
export function changesetQuestions(database: Database): ChangesetQuestions {
  return {
    async countOpenChangesets(query) {
      return countOpen(database, query);
    },
    changesetFigures: query => figuresOf(database, query),
    mergedCycles: query => cyclesOf(database, query),
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
      FROM changesets INDEXED BY changesets_open
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

/** So many rows are read at once; others have their turn between two pages. */
const PAGE = 5000;

type Column = readonly (number | null)[];

/**
 * All rows of `changeset_lives` whose time in that column lies in the window, in its order and in pages, each of which is
 * one range of the column's index. A page is answered by columns, as lists in JSON: rows of their own take SQLite's
 * binding five times as long.
 */
async function* livesIn<Name extends string>(
  database: Database,
  time: 'created_at_ms' | 'merged_at_ms' | 'closed_at_ms',
  { sinceMs, untilMs, ...scope }: ChangesetWindow,
  names: readonly Name[],
  condition = '',
): AsyncGenerator<{ readonly atMs: readonly number[] } & Readonly<Record<Name, Column>>> {
  const { sql: conditions, params } = conditionsOf(scope);
  const isScoped = params.length > 0 ? 'JOIN changesets ON changesets.id = lives.changeset_id' : '';
  const sql = `
    SELECT json_group_array(id) AS ids, json_group_array(at_ms) AS times
           ${names.map(name => `, json_group_array(${name}) AS ${name}`).join('')}
      FROM (SELECT lives.changeset_id AS id, lives.${time} AS at_ms ${names.map(name => `, lives.${name}`).join('')}
              FROM changeset_lives lives ${isScoped}
             WHERE (lives.${time}, lives.changeset_id) > (?, ?) AND lives.${time} < ? ${condition} ${conditions}
             ORDER BY lives.${time}, lives.changeset_id LIMIT ?)`;
  for (let after = [sinceMs, -1]; ; ) {
    const page = database.first(sql, ...after, untilMs, ...params, PAGE) ?? {};
    const column = (name: string): (number | null)[] => JSON.parse(readText(page, name));
    const [ids, atMs] = [column('ids') as number[], column('times') as number[]];
    const columns = {} as Record<Name, Column>;
    for (const name of names) columns[name] = column(name);
    yield { ...columns, atMs };
    if (ids.length < PAGE) return;
    after = [atMs.at(-1) ?? 0, ids.at(-1) ?? 0];
    await setImmediate();
  }
}

const MERGED = [
  'rounds',
  'cycle_ms',
  'draft_ms',
  'first_review_ms',
  'in_review_ms',
  'wait_for_merge_ms',
  'lines',
] as const;

async function cyclesOf(database: Database, query: ChangesetWindow): Promise<MergedCycle[]> {
  await makeLives(database);
  const cycles: MergedCycle[] = [];
  for await (const { atMs, cycle_ms: cycleMs } of livesIn(database, 'merged_at_ms', query, ['cycle_ms'])) {
    for (const [at, mergedAtMs] of atMs.entries()) cycles.push({ mergedAtMs, cycleMs: cycleMs[at] ?? 0 });
  }
  return cycles;
}

async function figuresOf(database: Database, query: LifeFiguresQuery): Promise<LifeFigures> {
  await makeLives(database);
  const days = new DayCounts();
  let firstReviews: Column = [];
  for await (const page of livesIn(database, 'created_at_ms', query, ['first_review_ms'])) {
    for (const atMs of page.atMs) days.count('opened', atMs);
    firstReviews = firstReviews.concat(page.first_review_ms);
  }
  const merged = Object.fromEntries(MERGED.map((name): [string, Column] => [name, []]));
  for await (const page of livesIn(database, 'merged_at_ms', query, MERGED)) {
    for (const atMs of page.atMs) days.count('merged', atMs);
    for (const name of MERGED) merged[name] = (merged[name] ?? []).concat(page[name]);
  }
  for await (const page of livesIn(database, 'closed_at_ms', query, [], 'AND lives.merged_at_ms IS NULL')) {
    for (const atMs of page.atMs) days.count('closed', atMs);
  }
  const of = (name: (typeof MERGED)[number]): Percentiles => percentiles(merged[name] ?? []);
  return {
    timeToFirstReviewMs: percentiles(firstReviews),
    reviewRounds: of('rounds'),
    cycleMs: of('cycle_ms'),
    draftMs: of('draft_ms'),
    firstReviewMs: of('first_review_ms'),
    inReviewMs: of('in_review_ms'),
    waitForMergeMs: of('wait_for_merge_ms'),
    cycleBySizeMs: bySize(merged.cycle_ms ?? [], merged.lines ?? [], query.upToLines).map(percentiles),
    days: days.inOrder(),
  };
}

/** Values sorted into sizes: one up to each bound, and at last all larger ones. */
function bySize(
  values: readonly (number | null)[],
  lines: readonly (number | null)[],
  upToLines: readonly number[],
): (number | null)[][] {
  const sizes: (number | null)[][] = [...upToLines, Number.POSITIVE_INFINITY].map(() => []);
  for (const [at, changed] of lines.entries()) {
    if (changed === null) continue;
    const size = upToLines.findIndex(bound => changed <= bound);
    sizes.at(size)?.push(values[at] ?? null);
  }
  return sizes;
}

class DayCounts {
  readonly #days = new Map<number, { opened: number; merged: number; closed: number }>();

  count(what: 'opened' | 'merged' | 'closed', atMs: number): void {
    const day = Math.trunc(atMs / DAY_MS);
    const counts = this.#days.get(day) ?? { opened: 0, merged: 0, closed: 0 };
    counts[what] += 1;
    this.#days.set(day, counts);
  }

  inOrder(): LifeFigures['days'] {
    return [...this.#days].sort(([one], [two]) => one - two).map(([day, counts]) => ({ day, ...counts }));
  }
}

/** Of changesets that have seen a change since the window began, however that is known: no index of events is needed. */
function reviewsOf(database: Database, query: ChangesetWindow): DayReviews[] {
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
