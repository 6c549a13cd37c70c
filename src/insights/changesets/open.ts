import type { InsightDatabase } from '../insight-database.ts';

export interface OpenQuery {
  readonly host: string | undefined;
  readonly repository: string | undefined;
  /** Without a change for longer is stale. */
  readonly staleAfterMs: number;
}

export interface OpenCounts {
  readonly open: number;
  readonly draft: number;
  /** Open ones that nobody has reviewed yet. */
  readonly waitingForReview: number;
  /** Of open ones and drafts. */
  readonly stale: number;
}

/** What is not merged or closed yet, in all and by age. */
export interface OpenChangesets extends OpenCounts {
  /** Since each was opened, youngest first; null: older than all before. */
  readonly ages: readonly (OpenCounts & { readonly upToDays: number | null })[];
}

const DAY_MS = 86_400_000;
const AGES: readonly (number | null)[] = [1, 7, 30, 90, null];

/** Counts open changesets and drafts by age. Throws `database_*`. */
export async function openChangesets(
  source: InsightDatabase,
  { host, repository, staleAfterMs }: OpenQuery,
  nowMs: number,
): Promise<OpenChangesets> {
  const limits = AGES.filter(age => age !== null).map(days => nowMs - days * DAY_MS);
  const age = limits.map((_, at) => `WHEN created_at_ms >= ?${at + 4} THEN ${at}`).join(' ');
  const rows = await source.query(
    `SELECT CASE ${age} ELSE ${limits.length} END AS age, sum(state = 'open') AS open, sum(state = 'draft') AS draft,
            sum(state = 'open' AND review_state IN ('none', 'requested')) AS waiting, sum(updated_at_ms < ?1) AS stale
     FROM changesets
     WHERE state IN ('open', 'draft') AND (?2 IS NULL OR host = ?2) AND (?3 IS NULL OR repository = ?3) GROUP BY age`,
    [nowMs - staleAfterMs, host ?? null, repository ?? null, ...limits],
  );
  const ages = AGES.map((upToDays, at) => {
    const row = rows.find(each => each.age === at);
    return {
      upToDays,
      open: Number(row?.open ?? 0),
      draft: Number(row?.draft ?? 0),
      waitingForReview: Number(row?.waiting ?? 0),
      stale: Number(row?.stale ?? 0),
    };
  });
  const sum = (key: keyof OpenCounts): number => ages.reduce((total, each) => total + each[key], 0);
  return {
    open: sum('open'),
    draft: sum('draft'),
    waitingForReview: sum('waitingForReview'),
    stale: sum('stale'),
    ages,
  };
}
