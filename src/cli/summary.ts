import { clipped, textWidth } from '../base/columns.ts';
import { formatDuration } from '../base/units.ts';
import type { BakeSummary } from '../gather/repos/bake/bake.ts';
import type { PeriodActivity } from '../insights/activity.ts';
import { isoDate } from '../insights/calendar.ts';
import type { AuthorCommits } from '../keep/store/questions.ts';
import { printable, type Style } from './terminal.ts';

const CHART_WEEKS = 52;
const CHART_ROWS = 4;
const BAR_COLUMNS = 24;
const NAME_COLUMNS = 28;
/** Eighths of a cell, from empty to full. */
const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const HOW = { clone: 'cloned', fetch: 'fetched', restore: 'restored' } as const;

export interface SummaryFacts {
  readonly summary: BakeSummary;
  /** Oldest first. */
  readonly weeks: readonly Pick<PeriodActivity, 'start' | 'commits'>[];
  /** Most commits first. */
  readonly authors: readonly AuthorCommits[];
}

/** What a finished bake looks like to a person. */
export function renderSummary({ summary, weeks, authors }: SummaryFacts, style: Style): string {
  const lines = [`${style.bold(printable(summary.url))}  ${style.dim(howItWent(summary))}`];
  if (summary.commits === 0) {
    lines.push('  no commits yet');
    return `${lines.join('\n')}\n`;
  }
  const span = `${summary.firstCommitAt?.slice(0, 10)} to ${summary.lastCommitAt?.slice(0, 10)}`;
  lines.push(
    `  ${count(summary.commits, 'commit')} by ${count(summary.authors, 'author')}, ${span}${newPart(summary)}`,
  );
  for (const warning of summary.warnings ?? []) lines.push(`  ${style.bad('note:')} ${printable(warning)}`);
  lines.push('', ...renderWeeks(weeks, style), '', ...renderAuthors(authors, style));
  return `${lines.join('\n')}\n`;
}

function howItWent(summary: BakeSummary): string {
  return `${HOW[summary.cache]} and baked in ${formatDuration(summary.durationMs)}`;
}

function newPart(summary: BakeSummary): string {
  const parts: string[] = [];
  if (summary.newCommits !== summary.commits) parts.push(`${summary.newCommits.toLocaleString('en')} new`);
  if (summary.removedCommits > 0) parts.push(`${summary.removedCommits.toLocaleString('en')} gone`);
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

function count(value: number, noun: string): string {
  return `${value.toLocaleString('en')} ${noun}${value === 1 ? '' : 's'}`;
}

function renderWeeks(weeks: readonly Pick<PeriodActivity, 'start' | 'commits'>[], style: Style): string[] {
  const shown = weeks.slice(-CHART_WEEKS);
  const most = Math.max(1, ...shown.map(({ commits }) => commits));
  const heights = shown.map(({ commits }) => Math.ceil((commits / most) * CHART_ROWS * 8));
  const rows = Array.from({ length: CHART_ROWS }, (_, index) => {
    const floor = (CHART_ROWS - 1 - index) * 8;
    const cells = heights.map(height => EIGHTHS[Math.min(8, Math.max(0, height - floor))]);
    return `  ${style.accent(cells.join('').trimEnd())}`;
  });
  const first = isoDate(shown[0]?.start ?? 0);
  const last = isoDate(shown.at(-1)?.start ?? 0);
  const axis = shown.length < 22 ? first : `${first}${last.padStart(shown.length - first.length)}`;
  const scope = weeks.length > CHART_WEEKS ? `the last ${CHART_WEEKS}` : 'all';
  const title = `commits per week, ${scope} (most: ${most.toLocaleString('en')})`;
  return [`  ${style.dim(title)}`, ...rows, `  ${style.dim(axis)}`];
}

function renderAuthors(authors: readonly AuthorCommits[], style: Style): string[] {
  const most = authors[0]?.commits ?? 1;
  const digits = most.toLocaleString('en').length;
  const rows = authors.map(({ name, email, commits }) => {
    const shown = cut(printable(name || email || '(no name)'), NAME_COLUMNS);
    const bar = '█'.repeat(Math.max(1, Math.round((commits / most) * BAR_COLUMNS)));
    const blanks = ' '.repeat(NAME_COLUMNS - textWidth(shown));
    return `  ${commits.toLocaleString('en').padStart(digits)}  ${shown}${blanks} ${style.accent(bar)}`;
  });
  return [`  ${style.dim('top authors')}`, ...rows];
}

function cut(text: string, columns: number): string {
  return textWidth(text) <= columns ? text : `${clipped(text, columns - 1)}…`;
}
