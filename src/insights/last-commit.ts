import type { LastCommitTime } from '../keep/store/questions.ts';

export interface LastCommit extends LastCommitTime {
  /** Seconds from then to now; negative where the commit's clock was ahead. */
  readonly ageS: number | null;
}

/** How long ago something was last committed to each repository. */
export function withAges(last: readonly LastCommitTime[], nowMs: number): LastCommit[] {
  return last.map(({ repository, lastCommitAt }) => ({
    repository,
    lastCommitAt,
    ageS: lastCommitAt === null ? null : Math.round(nowMs / 1000 - lastCommitAt),
  }));
}
