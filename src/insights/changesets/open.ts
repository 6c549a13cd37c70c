import type { ChangesetScope, OpenChangesetCounts, Questions } from '../../keep/store/questions.ts';

export interface OpenQuery extends ChangesetScope {
  /** Without a change for longer is stale. */
  readonly staleAfterMs: number;
}

export type OpenCounts = Omit<OpenChangesetCounts, 'age'>;

/** What is not merged or closed yet, in all and by age. */
export interface OpenChangesets extends OpenCounts {
  /** Since each was opened, youngest first; null: older than all before. */
  readonly ages: readonly (OpenCounts & { readonly upToDays: number | null })[];
}

const DAY_MS = 86_400_000;
const NONE: OpenCounts = { open: 0, draft: 0, waitingForReview: 0, stale: 0 };
const AGES: readonly (number | null)[] = [1, 7, 30, 90, null];

/** Counts open changesets and drafts by age. Throws `database_*`. */
export async function openChangesets(
  questions: Pick<Questions, 'countOpenChangesets'>,
  { staleAfterMs, ...scope }: OpenQuery,
  nowMs: number,
): Promise<OpenChangesets> {
  const counts = await questions.countOpenChangesets({
    ...scope,
    idleSinceMs: nowMs - staleAfterMs,
    openedSinceMs: AGES.filter(days => days !== null).map(days => nowMs - days * DAY_MS),
  });
  const ages = AGES.map((upToDays, age) => {
    const { age: _, ...counted } = counts.find(each => each.age === age) ?? { age, ...NONE };
    return { upToDays, ...counted };
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
