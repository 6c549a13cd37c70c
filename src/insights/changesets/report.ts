import { setImmediate } from 'node:timers/promises';
import type { SqlRow, SqlValue } from '../../keep/store/store.ts';
import { isoDate, type Period, periodStart } from '../calendar.ts';
import type { InsightDatabase } from '../insight-database.ts';
import { type Life, type LifeEvent, lifeOf, type Percentiles, percentiles } from './life.ts';

export interface ReportQuery {
  readonly host?: string;
  readonly repository?: string;
  /** Changesets opened, merged or closed from then on, in milliseconds. */
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly by: Period;
  /** Open ones without a change for longer are stale. */
  readonly staleAfterMs: number;
}

/** S12. Durations in seconds, percentiles rather than means; of changesets merged in the window unless said otherwise. */
export interface ChangesetReport {
  /** Of all that were opened in the window. */
  readonly timeToFirstReviewS: Percentiles;
  readonly reviewRounds: Percentiles;
  readonly cycleS: Percentiles;
  /** The cycle's parts, less time as a draft, which is the first of them. */
  readonly parts: {
    readonly draftS: Percentiles;
    readonly toFirstReviewS: Percentiles;
    readonly inReviewS: Percentiles;
    readonly waitForMergeS: Percentiles;
  };
  readonly throughput: readonly {
    readonly start: string;
    readonly opened: number;
    readonly merged: number;
    readonly closed: number;
  }[];
  /** Cycle time by lines changed. */
  readonly bySize: readonly { readonly upToLines: number | null; readonly cycleS: Percentiles }[];
  readonly stale: { readonly count: number; readonly oldest: readonly StaleChangeset[] };
}

export interface StaleChangeset {
  readonly url: string;
  readonly title: string;
  readonly idleS: number;
}

const PAGE = 500;
const SIZES: readonly (number | null)[] = [10, 50, 250, 1000, null];
const STALE_SHOWN = 20;

interface Lived {
  readonly createdAtMs: number;
  readonly mergedAtMs: number | null;
  readonly closedAtMs: number | null;
  readonly lines: number | null;
  readonly life: Life;
}

/**
 * Reads the report, in pages of the changesets that were opened, merged or closed in the window; others have their
 * turn between two pages.
 */
export async function changesetReport(
  source: InsightDatabase,
  query: ReportQuery,
  nowMs: number,
): Promise<ChangesetReport> {
  const all = await livesIn(source, query, nowMs);
  const within = (ms: number | null): ms is number =>
    ms !== null && ms >= query.sinceMs && ms < query.untilMs;
  const opened = all.filter(({ createdAtMs }) => within(createdAtMs));
  const merged = all.filter(({ mergedAtMs }) => within(mergedAtMs));
  const seconds = (of: readonly Lived[], value: (life: Life) => number | null): Percentiles =>
    percentiles(of.map(({ life }) => toSeconds(value(life))));
  return {
    timeToFirstReviewS: seconds(opened, life => life.firstReviewMs),
    reviewRounds: percentiles(merged.map(({ life }) => life.rounds)),
    cycleS: seconds(merged, life => life.cycleMs),
    parts: {
      draftS: seconds(merged, life => life.draftMs),
      toFirstReviewS: seconds(merged, life => life.firstReviewMs),
      inReviewS: seconds(merged, life => life.inReviewMs),
      waitForMergeS: seconds(merged, life => life.waitForMergeMs),
    },
    throughput: throughput(all, query, within),
    bySize: SIZES.map((upToLines, index) => ({
      upToLines,
      cycleS: seconds(
        merged.filter(({ lines }) => isOfSize(lines, index)),
        life => life.cycleMs,
      ),
    })),
    stale: await staleIn(source, query, nowMs),
  };
}

function isOfSize(lines: number | null, index: number): boolean {
  if (lines === null) return false;
  const above = index === 0 ? -1 : (SIZES[index - 1] ?? 0);
  return lines > above && lines <= (SIZES[index] ?? Number.POSITIVE_INFINITY);
}

function throughput(
  all: readonly Lived[],
  { by }: ReportQuery,
  within: (ms: number | null) => ms is number,
): ChangesetReport['throughput'] {
  const periods = new Map<number, { opened: number; merged: number; closed: number }>();
  const count = (ms: number | null, what: 'opened' | 'merged' | 'closed'): void => {
    if (!within(ms)) return;
    const start = periodStart(Math.floor(ms / 1000), by);
    const counts = periods.get(start) ?? { opened: 0, merged: 0, closed: 0 };
    counts[what] += 1;
    periods.set(start, counts);
  };
  for (const { createdAtMs, mergedAtMs, closedAtMs } of all) {
    count(createdAtMs, 'opened');
    count(mergedAtMs, 'merged');
    if (mergedAtMs === null) count(closedAtMs, 'closed');
  }
  return [...periods]
    .sort(([one], [two]) => one - two)
    .map(([start, counts]) => ({ start: isoDate(start), ...counts }));
}

function scope({ host, repository }: ReportQuery): { readonly sql: string; readonly params: SqlValue[] } {
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

async function livesIn(source: InsightDatabase, query: ReportQuery, nowMs: number): Promise<Lived[]> {
  const { sql, params } = scope(query);
  const { sinceMs, untilMs } = query;
  const lives: Lived[] = [];
  for (let afterId = 0; ; ) {
    const rows = await source.query(
      `SELECT id, state, author, created_at_ms, merged_at_ms, closed_at_ms, additions + deletions AS lines
       FROM changesets NOT INDEXED WHERE id > ? AND created_at_ms < ?
         AND (created_at_ms >= ? OR merged_at_ms >= ? OR closed_at_ms >= ?) ${sql}
       ORDER BY id LIMIT ${PAGE}`,
      [afterId, untilMs, sinceMs, sinceMs, sinceMs, ...params],
    );
    if (rows.length === 0) return lives;
    const events = await eventsOf(
      source,
      rows.map(({ id }) => Number(id)),
    );
    for (const row of rows) lives.push(livedFrom(row, events.get(Number(row.id)) ?? [], nowMs));
    afterId = Number(rows.at(-1)?.id);
    await setImmediate();
  }
}

function livedFrom(row: SqlRow, events: readonly LifeEvent[], nowMs: number): Lived {
  const facts = {
    state: String(row.state),
    author: row.author === null ? null : String(row.author),
    createdAtMs: Number(row.created_at_ms),
    mergedAtMs: row.merged_at_ms === null ? null : Number(row.merged_at_ms),
    closedAtMs: row.closed_at_ms === null ? null : Number(row.closed_at_ms),
  };
  return {
    ...facts,
    lines: row.lines === null ? null : Number(row.lines),
    life: lifeOf(facts, events, nowMs),
  };
}

async function eventsOf(source: InsightDatabase, ids: readonly number[]): Promise<Map<number, LifeEvent[]>> {
  const rows = await source.query(
    `SELECT changeset_id, kind, at_ms, actor, actor_is_bot, review FROM changeset_events
     WHERE changeset_id IN (SELECT value FROM json_each(?))
       AND kind IN ('review', 'commit', 'force_push', 'ready_for_review', 'converted_to_draft')
     ORDER BY changeset_id, at_ms, place, host_id`,
    [JSON.stringify(ids)],
  );
  const byChangeset = new Map<number, LifeEvent[]>();
  for (const row of rows) {
    const id = Number(row.changeset_id);
    const events = byChangeset.get(id) ?? [];
    byChangeset.set(id, events);
    events.push({
      kind: String(row.kind),
      atMs: Number(row.at_ms),
      actor: row.actor === null ? null : String(row.actor),
      actorIsBot: row.actor_is_bot === 1,
      review: row.review === null ? null : String(row.review),
    });
  }
  return byChangeset;
}

async function staleIn(
  source: InsightDatabase,
  query: ReportQuery,
  nowMs: number,
): Promise<ChangesetReport['stale']> {
  const { sql, params } = scope(query);
  const where = `state IN ('open', 'draft') AND updated_at_ms < ? ${sql}`;
  const values = [nowMs - query.staleAfterMs, ...params];
  const [counted] = await source.query(`SELECT count(*) AS n FROM changesets WHERE ${where}`, values);
  const rows = await source.query(
    `SELECT url, title, updated_at_ms FROM changesets WHERE ${where} ORDER BY updated_at_ms LIMIT ${STALE_SHOWN}`,
    values,
  );
  return {
    count: Number(counted?.n),
    oldest: rows.map(({ url, title, updated_at_ms }) => ({
      url: String(url),
      title: String(title),
      idleS: Math.round((nowMs - Number(updated_at_ms)) / 1000),
    })),
  };
}

function toSeconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms / 1000);
}
