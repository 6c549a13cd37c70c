// How changesets are reviewed and merged, over time.
import { useMemo } from 'preact/hooks';
import type { Answer } from '../../client/index.ts';
import { useAsked } from '../live/asked.ts';
import { client, type Topic } from '../live/live.ts';
import { count, number, span } from '../parts/words.ts';
import type { Area } from './axes.tsx';
import { ChartFrame } from './chart-frame.tsx';
import { columnMoments, columnPanes, type Part } from './columns.tsx';
import { isoDay, type Period, type Span, spansOf } from './periods.ts';
import { questionOf, type TimeRange } from './range.ts';
import { durationMarks } from './scale.ts';
import { type ChartScope, useLast } from './scope.ts';
import { TimePlot } from './time-plot.tsx';
import { markWords, onOwnClock, periodWords } from './words.ts';

interface ReviewsProps {
  readonly scope: ChartScope;
  /** As hosts have it; undefined: all. */
  readonly repository: string | undefined;
}

type CycleTimes = Answer<'getCycleTimes'>;
type Cycle = CycleTimes['periods'][number];

const TOPICS: readonly Topic[] = ['changesets'];

/** A few changesets in a day say nothing of how long they take. */
function periodOf(scope: ChartScope): Period {
  return scope.by === 'day' ? 'week' : scope.by;
}

export function CycleTimesChart({ scope, repository }: ReviewsProps) {
  const by = periodOf(scope);
  const { range, nowMs } = scope;
  const { since, until } = questionOf(range, by);
  const asked = useAsked(
    signal => client.getCycleTimes({ repository, since, until, by }, { signal }),
    [repository, since, until, by],
    TOPICS,
  );
  const made = useMemo(() => asked.value && planOf(asked.value, range, nowMs), [asked.value, range.fromMs]);
  const plan = useLast(made, repository ?? '');
  const isAny = plan !== undefined && plan.merged > 0;
  return (
    <ChartFrame
      id="cycle-times"
      title={`From opened to merged, per ${plan?.by ?? by}`}
      words={isAny ? plan.words : ''}
      legend={heatLegend(plan?.most ?? 1)}
      figures={
        isAny
          ? {
              columns: ['from', 'merged', 'half within, ms', '75 % within, ms', '90 % within, ms'],
              rows: plan.periods.map(({ start, count: merged, p50, p75, p90 }) => [
                start,
                merged,
                p50,
                p75,
                p90,
              ]),
            }
          : undefined
      }
      error={asked.error}
      isAsking={!asked.value && !asked.error}
      empty="Nothing was merged in this time."
    >
      {isAny ? (
        <TimePlot
          label="From opened to merged"
          range={plan.range}
          zone="utc"
          panes={plan.panes}
          moments={plan.moments}
          onSelect={scope.onSelect}
          onWider={scope.onWider}
          rightRem={3.4}
        />
      ) : null}
    </ChartFrame>
  );
}

const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 86_400_000;
const SHORTEST_MS = 5 * MINUTE_MS;

function planOf({ periods, upToMs, by }: CycleTimes, range: TimeRange, nowMs: number) {
  const edges = [SHORTEST_MS, ...upToMs.map(each => each ?? YEAR_MS)];
  const isUsed = upToMs.map((_, at) => periods.some(({ classes }) => (classes[at] ?? 0) > 0));
  const low = edges[Math.max(0, isUsed.indexOf(true))] ?? SHORTEST_MS;
  const high = edges[isUsed.lastIndexOf(true) + 1] ?? YEAR_MS;
  const spans = spansOf(periods, range, by);
  const merged = periods.reduce((sum, each) => sum + each.count, 0);
  const [latest] = periods.slice(-1);
  const most = Math.max(1, ...periods.flatMap(({ classes }) => classes));
  const shown = spans.map(({ fromMs, toMs, value }) => ({
    fromMs,
    toMs,
    title: periodWords(fromMs, toMs, by),
    note: toMs > nowMs ? 'so far' : onOwnClock(fromMs, toMs),
    rows: value
      ? [
          { name: 'merged', value: number(value.count) },
          { name: 'half within', value: span(value.p50) },
          { name: '75 % within', value: span(value.p75) },
          { name: '90 % within', value: span(value.p90) },
        ]
      : [{ name: 'merged', value: '0' }],
  }));
  return {
    periods,
    range,
    by,
    merged,
    most,
    words: latest
      ? `${count(merged, 'changeset')} merged. Last, in the ${by} from ${latest.start}: half within ${span(latest.p50)}, 90 % within ${span(latest.p90)}.`
      : '',
    moments: shown,
    panes: [
      {
        key: 'cycle',
        height: 13,
        figures: durationMarks(low, high),
        figureWords: markWords,
        isLog: true,
        draw: (area: Area) => <Distribution spans={spans} edges={edges} most={most} area={area} />,
      },
    ],
  };
}

interface DistributionProps {
  readonly spans: readonly Span<Cycle>[];
  readonly edges: readonly number[];
  /** The most in one square. */
  readonly most: number;
  readonly area: Area;
}

/** The darkest is never fewer than these: one alone is not many. */
const LEAST_MANY = 3;

/** Which of six heats so many have. Pure. */
function heatOf(merged: number, most: number): number {
  return Math.max(1, Math.ceil((merged / Math.max(LEAST_MANY, most)) * 6));
}

function heatLegend(most: number) {
  const one = { name: '1 changeset', mark: `heat-${heatOf(1, most)}` };
  return most === 1 ? [one] : [one, { name: number(most), mark: `heat-${heatOf(most, most)}` }];
}

/** Squares for how many took how long, and lines for how long half and nine tenths of them took. */
function Distribution({ spans, edges, most, area }: DistributionProps) {
  const { x, y, left, right } = area;
  const within = (at: number): number => Math.min(right, Math.max(left, at));
  return (
    <>
      {spans.flatMap(({ fromMs, toMs, value }) =>
        (value?.classes ?? []).map((merged, at) => {
          if (merged === 0) return null;
          const [from, to] = [within(x(fromMs)), within(x(toMs))];
          const [bottom, top] = [y(edges[at] ?? 0), y(edges[at + 1] ?? 0)];
          return (
            <rect
              key={`${fromMs} ${at}`}
              class={`heat-${heatOf(merged, most)}`}
              x={from + 0.5}
              y={top + 0.5}
              width={Math.max(0.5, to - from - 1)}
              height={Math.max(0.5, bottom - top - 1)}
            />
          );
        }),
      )}
      <Line spans={spans} of={({ p50 }) => p50} name="half" area={area} />
      <Line spans={spans} of={({ p90 }) => p90} name="90 %" area={area} isUpper />
    </>
  );
}

function Line(props: {
  readonly spans: readonly Span<Cycle>[];
  readonly of: (row: Cycle) => number;
  readonly name: string;
  readonly area: Area;
  readonly isUpper?: boolean;
}) {
  const { spans, of, name, area, isUpper = false } = props;
  const points = spans.flatMap(({ fromMs, toMs, value }) =>
    value ? [{ x: Math.min(area.right, area.x((fromMs + toMs) / 2)), y: area.y(of(value)) }] : [],
  );
  const last = points.at(-1);
  if (!last) return null;
  const path = points
    .map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
  return (
    <g>
      <path class={`line ${isUpper ? 'second' : ''}`} d={path} />
      {points.length === 1 ? <circle class="dot" cx={last.x} cy={last.y} r="3" /> : null}
      <text
        class="direct"
        x={area.right + 0.35 * area.rem}
        y={last.y}
        dominant-baseline={isUpper ? 'auto' : 'hanging'}
      >
        {name}
      </text>
    </g>
  );
}

const REVIEWERS = 8;

interface Reviews {
  readonly start: string;
  readonly reviews: number;
}
const REVIEWS: readonly Part<Reviews>[] = [{ name: 'reviews', mark: 'mark-1', of: ({ reviews }) => reviews }];

export function ReviewLoadChart({ scope, repository }: ReviewsProps) {
  const by = periodOf(scope);
  const { range, nowMs } = scope;
  const { since, until } = questionOf(range, by);
  const asked = useAsked(
    signal => client.getReviewLoad({ repository, since, until, by, limit: REVIEWERS }, { signal }),
    [repository, since, until, by],
    TOPICS,
  );
  const made = useMemo(() => {
    if (!asked.value) return undefined;
    const { reviewers, everybody } = asked.value;
    const all = reviewers.map(({ reviewer, reviews, periods }) => ({
      key: reviewer,
      name: `${reviewer} · ${number(reviews)}`,
      spans: spansOf<Reviews>(periods, range, by),
    }));
    const looks = { nowMs, hasOneScale: true, heightRem: 2 };
    return {
      reviewers,
      everybody,
      range,
      by,
      all,
      panes: columnPanes(all, REVIEWS, looks).map((pane, at) => ({ ...pane, name: all[at]?.name })),
      moments: columnMoments(all, REVIEWS, {
        title: (fromMs, toMs) => periodWords(fromMs, toMs, by),
        note: (fromMs, toMs) => (toMs > nowMs ? 'so far' : onOwnClock(fromMs, toMs)),
        amount: number,
      }).map(moment => ({
        ...moment,
        // Everybody is there anyway, with their name.
        rows: moment.rows.map((row, at) => ({ ...row, name: reviewers[at]?.reviewer ?? row.name })),
      })),
    };
  }, [asked.value, range.fromMs]);
  const plan = useLast(made, repository ?? '');
  const isAny = plan !== undefined && plan.reviewers.length > 0;
  const [first] = plan?.reviewers ?? [];
  return (
    <ChartFrame
      id="review-load"
      title={`Reviews per ${plan?.by ?? by}`}
      words={
        plan && first
          ? `${count(plan.everybody.reviews, 'review')} by ${count(plan.everybody.people, 'person', 'people')}; ${first.reviewer} gave ${Math.round((first.reviews / plan.everybody.reviews) * 100)} % of them.`
          : ''
      }
      figures={
        isAny
          ? {
              columns: ['from', ...plan.reviewers.map(({ reviewer }) => reviewer)],
              rows: (plan.all[0]?.spans ?? []).map(({ fromMs }, at) => [
                isoDay(fromMs),
                ...plan.all.map(({ spans }) => spans[at]?.value?.reviews ?? 0),
              ]),
            }
          : undefined
      }
      error={asked.error}
      isAsking={!asked.value && !asked.error}
      empty="Nobody reviewed anything in this time."
    >
      {isAny ? (
        <TimePlot
          label="Reviews"
          range={plan.range}
          zone="utc"
          panes={plan.panes}
          moments={plan.moments}
          onSelect={scope.onSelect}
          onWider={scope.onWider}
        />
      ) : null}
    </ChartFrame>
  );
}
