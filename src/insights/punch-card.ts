import type { HourCommits } from '../keep/store/questions.ts';

export interface PunchCardHour {
  /** 1 Monday to 7 Sunday (ISO 8601). */
  readonly weekday: number;
  /** 0 to 23. */
  readonly hour: number;
  readonly commits: number;
}

const HOURS_OF_WEEK = 168;

/** Commits by weekday and hour: all 168 hours of a week, Monday first. */
export function punchCard(hours: readonly HourCommits[]): PunchCardHour[] {
  const commits = new Map(hours.map(hour => [hour.hourOfWeek, hour.commits]));
  return Array.from({ length: HOURS_OF_WEEK }, (_, hourOfWeek) => ({
    weekday: Math.floor(hourOfWeek / 24) + 1,
    hour: hourOfWeek % 24,
    commits: commits.get(hourOfWeek) ?? 0,
  }));
}
