import type { ChangesetWindow, DayReviews, Questions } from '../../keep/store/questions.ts';
import { DAY_SECONDS, isoDate, type Period, periodStart } from '../calendar.ts';

/** Who reviews how much, and when. */
export interface ReviewLoad {
  /** Most reviews first. */
  readonly reviewers: readonly ReviewerLoad[];
  /** Of everybody, those who are not listed included. */
  readonly everybody: { readonly people: number; readonly reviews: number };
}

export interface ReviewerLoad {
  /** As the host calls them. */
  readonly reviewer: string;
  readonly reviews: number;
  /** Oldest first; those without a review are left out. */
  readonly periods: readonly { readonly start: string; readonly reviews: number }[];
}

/** @param limit how many reviewers are listed */
export async function reviewLoad(
  questions: Pick<Questions, 'reviewsByDay'>,
  query: ChangesetWindow & { readonly by: Period },
  limit: number,
): Promise<ReviewLoad> {
  const days = await questions.reviewsByDay(query);
  const reviewers = [...Map.groupBy(days, ({ reviewer }) => reviewer)]
    .map(([reviewer, own]) => ({ reviewer, reviews: sum(own), periods: byPeriod(own, query.by) }))
    .sort((one, other) => other.reviews - one.reviews || (one.reviewer < other.reviewer ? -1 : 1));
  return {
    reviewers: reviewers.slice(0, limit),
    everybody: { people: reviewers.length, reviews: sum(days) },
  };
}

function sum(days: readonly DayReviews[]): number {
  return days.reduce((reviews, day) => reviews + day.reviews, 0);
}

function byPeriod(days: readonly DayReviews[], by: Period): ReviewerLoad['periods'] {
  return [...Map.groupBy(days, ({ day }) => periodStart(day * DAY_SECONDS, by))].map(([start, some]) => ({
    start: isoDate(start),
    reviews: sum(some),
  }));
}
