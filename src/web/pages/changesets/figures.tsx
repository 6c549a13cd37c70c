// Changesets in figures: what is open and for how long, and how long review and merging take.
import type { Answer } from '../../../client/index.ts';
import type { Part } from '../../charts/columns.tsx';
import { PeriodChart } from '../../charts/period-chart.tsx';
import { questionOf } from '../../charts/range.ts';
import { RangePicker } from '../../charts/range-picker.tsx';
import { CycleTimesChart, ReviewLoadChart } from '../../charts/reviews.tsx';
import { type ChartScope, type Source, useLast, useScope } from '../../charts/scope.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { Fold } from '../../parts/fold.tsx';
import { Panel, Pending } from '../../parts/panel.tsx';
import { Table } from '../../parts/table.tsx';
import { Totals } from '../../parts/totals.tsx';
import { count, number, span } from '../../parts/words.ts';
import { hrefOf } from '../../router/router.ts';

interface OfRepository {
  /** As hosts have it; undefined: all. */
  readonly repository: string | undefined;
}

type Open = Answer<'getOpenChangesets'>;
type Report = Answer<'getChangesetReport'>;

/** What is open now; each figure leads to the changesets that it counts. */
export function OpenNow({ repository }: OfRepository) {
  const asked = useAsked(
    signal => client.getOpenChangesets({ repository }, { signal }),
    [repository],
    ['changesets'],
  );
  // Another question leaves the figures where they are until it is answered.
  const open = useLast(asked.value, '');
  return (
    <Panel title="Open now" error={asked.error}>
      {open ? <OpenFigures open={open} repository={repository} /> : <Totals facts={undefined} />}
    </Panel>
  );
}

function OpenFigures({ open: now, repository }: OfRepository & { readonly open: Open }) {
  const linked = (amount: number, show: string) => (
    <a href={hrefOf('changesets', { show, repository })}>{number(amount)}</a>
  );
  const isAny = now.open + now.draft > 0;
  return (
    <>
      <Totals
        facts={[
          ['open', linked(now.open, 'open')],
          ['drafts', linked(now.draft, 'draft')],
          ['waiting for review', linked(now.waitingForReview, 'waiting')],
          ['stale: 14 days without a change', linked(now.stale, 'stale')],
        ]}
      />
      {isAny ? (
        <details>
          <summary>By age</summary>
          <div class="slim">
            <Table
              caption="Open changesets by age"
              items={now.ages}
              keyOf={({ upToDays }) => String(upToDays)}
              empty=""
              columns={[
                {
                  title: 'Opened',
                  kind: 'main',
                  cell: ({ upToDays }) =>
                    upToDays === null ? 'longer ago' : `in the last ${count(upToDays, 'day')}`,
                },
                { title: 'Open', kind: 'number', cell: ({ open }) => number(open) },
                { title: 'Drafts', kind: 'number', cell: ({ draft }) => number(draft) },
                {
                  title: 'Waiting for review',
                  kind: 'number',
                  cell: ({ waitingForReview }) => number(waitingForReview),
                },
                { title: 'Stale', kind: 'number', cell: ({ stale }) => number(stale) },
              ]}
            />
          </div>
        </details>
      ) : null}
    </>
  );
}

/** How long review and merging take, and who reviews. */
export function ReviewAndMerging({ repository }: OfRepository) {
  const scope = useScope('3m', undefined);
  return (
    <Panel title="Review and merging">
      <Fold name="charts" title="How long it takes, and who reviews">
        <div class="controls">
          <RangePicker scope={scope} />
        </div>
        <div class="side-by-side">
          <CycleTimesChart scope={scope} repository={repository} />
          <ReviewLoadChart scope={scope} repository={repository} />
        </div>
        <details>
          <summary>What was opened and merged, how long each part takes, and by size</summary>
          <ThroughputChart scope={scope} repository={repository} />
          <Times scope={scope} repository={repository} />
        </details>
      </Fold>
    </Panel>
  );
}

type ScopedProps = OfRepository & { readonly scope: ChartScope };
type Week = Report['throughput'][number];

const ALL: readonly Source[] = [{ url: undefined, name: 'all changesets' }];
const PARTS: readonly Part<Week>[] = [
  { name: 'opened', mark: 'mark-2', of: ({ opened }) => opened },
  { name: 'merged', mark: 'mark-1', of: ({ merged }) => merged, isBelow: true },
  { name: 'closed unmerged', mark: 'mark-gone', of: ({ closed }) => closed, isBelow: true },
];

function ThroughputChart({ scope, repository }: ScopedProps) {
  const by = scope.by === 'day' ? 'week' : scope.by;
  const sum = (weeks: readonly Week[], of: (week: Week) => number): number =>
    weeks.reduce((all, week) => all + of(week), 0);
  return (
    <PeriodChart<Week>
      id="changeset-throughput"
      title="Opened, merged and closed"
      scope={scope}
      sources={ALL}
      by={by}
      ask={async (_source, question, signal) =>
        (await client.getChangesetReport({ repository, ...question }, { signal })).throughput
      }
      about={[repository ?? '']}
      topics={['changesets']}
      parts={PARTS}
      words={weeks =>
        `${number(sum(weeks, ({ opened }) => opened))} opened, ${number(sum(weeks, ({ merged }) => merged))} merged, ${number(sum(weeks, ({ closed }) => closed))} closed unmerged.`
      }
      legend={(weeks, part) => number(sum(weeks, part.of))}
      isAny={({ opened, merged, closed }) => opened + merged + closed > 0}
      empty="Nothing was opened, merged or closed in this time."
    />
  );
}

function Times({ scope, repository }: ScopedProps) {
  const { since, until } = questionOf(scope.range, 'day');
  const asked = useAsked(
    signal => client.getChangesetReport({ repository, since, until }, { signal }),
    [repository, since, until],
    ['changesets'],
  );
  const report = useLast(asked.value, repository ?? '');
  if (!report) return <Pending error={asked.error} />;
  return (
    <div class="slim">
      <Table
        caption="How long review and merging take"
        items={timesOf(report)}
        keyOf={({ name }) => name}
        empty=""
        columns={[
          { title: 'What', kind: 'main', cell: ({ name }) => name },
          { title: 'Half within', kind: 'number', cell: ({ p50, words }) => words(p50) },
          { title: '75 %', kind: 'number', cell: ({ p75, words }) => words(p75) },
          { title: '90 %', kind: 'number', cell: ({ p90, words }) => words(p90) },
          { title: 'Of', kind: 'number', cell: one => number(one.count) },
        ]}
      />
      <h3>Cycle time by size</h3>
      <Table
        caption="Opened to merged, by lines changed"
        items={report.bySize}
        keyOf={({ upToLines }) => String(upToLines)}
        empty=""
        columns={[
          {
            title: 'Lines changed',
            kind: 'main',
            cell: ({ upToLines }) => (upToLines === null ? 'more' : `up to ${number(upToLines)}`),
          },
          { title: 'Half within', kind: 'number', cell: ({ cycleMs }) => spanWords(cycleMs.p50) },
          { title: '90 %', kind: 'number', cell: ({ cycleMs }) => spanWords(cycleMs.p90) },
          { title: 'Of', kind: 'number', cell: ({ cycleMs }) => number(cycleMs.count) },
        ]}
      />
    </div>
  );
}

function timesOf({ timeToFirstReviewMs, cycleMs, parts, reviewRounds }: Report) {
  const roundWords = (rounds: number | null): string => (rounds === null ? '–' : number(rounds));
  return [
    { name: 'Opened to merged', words: spanWords, ...cycleMs },
    { name: 'as a draft', words: spanWords, ...parts.draftMs },
    { name: 'until the first review', words: spanWords, ...parts.toFirstReviewMs },
    { name: 'in review', words: spanWords, ...parts.inReviewMs },
    { name: 'approved, waiting to be merged', words: spanWords, ...parts.waitForMergeMs },
    { name: 'First review, of all opened', words: spanWords, ...timeToFirstReviewMs },
    { name: 'Review rounds', words: roundWords, ...reviewRounds },
  ];
}

function spanWords(ms: number | null): string {
  if (ms === null) return '–';
  return ms === 0 ? '0s' : span(ms);
}
