// @ts-check
// Changesets in figures: what is open by age, and how long review and merging take, as percentiles.

import { count, number, span } from '../../parts/words.ts';
import { ask } from './api.js';
import { columnChart } from './chart.js';
import { element, panel, showFacts } from './dom.js';
import { table } from './table.js';

const DAYS = 90;

export function changesetFigures() {
  const facts = element('dl', { class: 'totals' });
  const ages = ageTable();
  ages.element.classList.add('slim');
  const open = panel('Open, by age', facts, ages.element);
  const times = timesTable();
  const sizes = sizeTable();
  for (const { element: one } of [times, sizes]) one.classList.add('slim');
  const figure = element('div', {
    id: 'merged',
    class: 'chart',
    role: 'slider',
    tabindex: '0',
    'aria-label': 'Merged per week',
    'aria-valuemin': '0',
    'aria-valuemax': '0',
    'aria-valuenow': '0',
  });
  const note = element('p', { class: 'note' });
  const chart = columnChart(figure, note, ({ start, opened, merged, closed }) => {
    const rest = `${number(merged)} merged, ${number(closed)} closed unmerged`;
    return `Week of ${start}: ${number(opened)} opened, ${rest}`;
  });
  const none = element(
    'p',
    { class: 'empty' },
    `Nothing was opened, merged or closed in the last ${DAYS} days.`,
  );
  const details = element(
    'div',
    {},
    times.element,
    element('h3', {}, 'Merged per week'),
    figure,
    note,
    element('h3', {}, 'Cycle time by size'),
    sizes.element,
  );
  const cycle = panel(`Review and merging, the last ${DAYS} days`, details, none);
  return {
    open,
    cycle,
    async ask() {
      const [now, report] = await Promise.all([
        ask('/api/v1/insights/changesets/open'),
        ask('/api/v1/insights/changesets'),
      ]);
      showFacts(facts, [
        ['open', number(now.open)],
        ['drafts', number(now.draft)],
        ['waiting for review', number(now.waitingForReview)],
        ['stale: 14 days without a change', number(now.stale)],
      ]);
      ages.show(now.open + now.draft === 0 ? [] : now.ages);
      const isEmpty = report.throughput.length === 0;
      details.hidden = isEmpty;
      none.hidden = !isEmpty;
      times.show(timesOf(report));
      sizes.show(report.bySize);
      chart.show(
        report.throughput.map((/** @type {any} */ week) => ({ ...week, commits: week.merged })),
        'week',
      );
    },
  };
}

function ageTable() {
  return table({
    caption: 'Open changesets by age',
    keyOf: (/** @type {any} */ { upToDays }) => String(upToDays),
    empty: 'Nothing is open. Changesets come by their address, or with changesets.follow in sluice.yaml.',
    columns: [
      { title: 'Opened', kind: 'main', cell: ageOf },
      { title: 'Open', kind: 'number', cell: ({ open }) => number(open) },
      { title: 'Drafts', kind: 'number', cell: ({ draft }) => number(draft) },
      { title: 'Waiting for review', kind: 'number', cell: one => number(one.waitingForReview) },
      { title: 'Stale', kind: 'number', cell: ({ stale }) => number(stale) },
    ],
  });
}

/** @param {any} age */
function ageOf({ upToDays }) {
  return upToDays === null ? 'longer ago' : `in the last ${count(upToDays, 'day')}`;
}

function timesTable() {
  return table({
    caption: 'How long review and merging take',
    keyOf: (/** @type {any} */ { name }) => name,
    empty: '',
    columns: [
      { title: 'What', kind: 'main', cell: ({ name }) => name },
      { title: 'Half within', kind: 'number', cell: ({ p50, words }) => words(p50) },
      { title: '75 %', kind: 'number', cell: ({ p75, words }) => words(p75) },
      { title: '90 %', kind: 'number', cell: ({ p90, words }) => words(p90) },
      { title: 'Of', kind: 'number', cell: one => number(one.count) },
    ],
  });
}

/** @param {number | null} ms */
function time(ms) {
  if (ms === null) return '–';
  return ms === 0 ? '0s' : span(ms);
}

/** @param {number | null} rounds */
function rounds(rounds) {
  return rounds === null ? '–' : number(rounds);
}

/** @param {any} report */
function timesOf({ timeToFirstReviewMs, cycleMs, parts, reviewRounds }) {
  return [
    { name: 'Opened to merged', words: time, ...cycleMs },
    { name: 'as a draft', words: time, ...parts.draftMs },
    { name: 'until the first review', words: time, ...parts.toFirstReviewMs },
    { name: 'in review', words: time, ...parts.inReviewMs },
    { name: 'approved, waiting to be merged', words: time, ...parts.waitForMergeMs },
    { name: 'First review, of all opened', words: time, ...timeToFirstReviewMs },
    { name: 'Review rounds', words: rounds, ...reviewRounds },
  ];
}

function sizeTable() {
  return table({
    caption: 'Opened to merged, by lines changed',
    keyOf: (/** @type {any} */ { upToLines }) => String(upToLines),
    empty: '',
    columns: [
      { title: 'Lines changed', kind: 'main', cell: sizeOf },
      { title: 'Half within', kind: 'number', cell: ({ cycleMs }) => time(cycleMs.p50) },
      { title: '90 %', kind: 'number', cell: ({ cycleMs }) => time(cycleMs.p90) },
      { title: 'Of', kind: 'number', cell: ({ cycleMs }) => number(cycleMs.count) },
    ],
  });
}

/** @param {any} size */
function sizeOf({ upToLines }) {
  return upToLines === null ? 'more' : `up to ${number(upToLines)}`;
}
