// What falls due in the next hour, day or week, as lines of time.

import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { hostWords, kindWords, WORK_KINDS, type WorkKind } from '../../parts/kinds.ts';
import { count, number } from '../../parts/words.ts';
import type { Area, Pane } from '../axes.tsx';
import { ChartFrame } from '../chart-frame.tsx';
import { columnMoments, columnPanes, type Part } from '../columns.tsx';
import type { TimeRange } from '../range.ts';
import { useLast } from '../scope.ts';
import { TimePlot } from '../time-plot.tsx';
import { clockSpan } from '../words.ts';

type DueWork = Answer<'getDueWork'>;
export type Ahead = 'hour' | 'day' | 'week';
export type LanesBy = 'host' | 'kind';

/** How much of each kind falls due in a span. */
type Due = Readonly<Partial<Record<string, number>>>;

const MARKS: Readonly<Record<WorkKind, string>> = {
  changeset: 'mark-1',
  repository: 'mark-2',
  churn: 'mark-3',
  owner: 'mark-gone',
  'changeset source': 'mark-1-pale',
};
const SPANS: Readonly<Record<Ahead, { readonly title: string; readonly one: string }>> = {
  hour: { title: 'hour, by the minute', one: 'minute' },
  day: { title: 'day, by half hours', one: 'half hour' },
  week: { title: 'week, by three hours', one: 'three hours' },
};
/** In a line of its own, a kind needs no colour of its own. */
const ONE_KIND: readonly Part<Due>[] = [{ name: 'due', mark: 'mark-1', of: totalOf }];
/** More lines than that are no picture; the rest is one. */
const HOSTS_SHOWN = 7;

interface ScheduleChartProps {
  readonly ahead?: Ahead;
  readonly by?: LanesBy;
  /** What is said of a host that nothing is asked of now, such as `paused`. */
  readonly restOf?: (host: string) => string | undefined;
  /** A part of it that is looked at. */
  readonly chosen?: TimeRange | undefined;
  readonly onSelect?: (range: TimeRange) => void;
  readonly onBack?: () => void;
  readonly tools?: ComponentChildren;
}

/** One line of time for each host or kind of work: how much falls due in each span. */
export function ScheduleChart(props: ScheduleChartProps) {
  const { ahead = 'day', by = 'kind', restOf, chosen, onSelect, onBack, tools } = props;
  const asked = useAsked(
    signal => client.getDueWork({ ahead }, { signal }),
    [ahead],
    ['status', 'changesets'],
  );
  const due = useLast(asked.value, '');
  const rests = due?.lanes.map(({ host }) => (host === null ? '' : (restOf?.(host) ?? ''))).join('\n');
  const plan = useMemo(() => due && planOf(due, { ahead, by, restOf }), [due, by, rests]);
  const panes = useMemo(
    () => (chosen ? plan?.panes.map(pane => withChosen(pane, chosen)) : plan?.panes),
    [plan, chosen?.fromMs, chosen?.toMs],
  );
  const isAny = plan !== undefined && plan.lanes.length > 0;
  return (
    <ChartFrame
      id="schedule-line"
      title={`What falls due in the next ${SPANS[ahead].title}`}
      words={isAny ? plan.words : ''}
      legend={plan?.legend}
      tools={tools}
      figures={
        isAny
          ? {
              columns: ['from', ...plan.lanes.map(({ name }) => name)],
              rows: plan.moments.map(({ fromMs }, at) => [
                new Date(fromMs).toISOString(),
                ...plan.lanes.map(({ spans }) => totalOf(spans[at]?.value ?? {})),
              ]),
            }
          : undefined
      }
      error={asked.error}
      isAsking={!asked.value && !asked.error}
      empty="Nothing is planned. Track repositories or follow changesets, here or in sluice.yaml."
    >
      {isAny && panes ? (
        <TimePlot
          label="What falls due"
          range={plan.range}
          zone="local"
          panes={panes}
          moments={plan.moments}
          onSelect={onSelect}
          onWider={onBack && (isBack => isBack && onBack())}
        />
      ) : null}
    </ChartFrame>
  );
}

interface Lane {
  readonly key: string;
  readonly name: string;
  /** Nothing is asked there now. */
  readonly isResting: boolean;
  readonly spans: readonly { readonly fromMs: number; readonly toMs: number; readonly value: Due }[];
}

/** The picture of an answer. Pure. */
function planOf(
  due: DueWork,
  {
    ahead,
    by,
    restOf,
  }: Required<Pick<ScheduleChartProps, 'ahead' | 'by'>> & Pick<ScheduleChartProps, 'restOf'>,
) {
  const fromMs = Date.parse(due.fromAt);
  const spans = Math.max(0, ...[...due.lanes, ...due.others.lanes].map(({ amounts }) => amounts.length));
  const at = (span: number): number => fromMs + span * due.spanMs;
  const lanes = (by === 'host' ? lanesByHost(due, restOf) : lanesByKind(due)).map(({ sources, ...lane }) => ({
    ...lane,
    spans: Array.from({ length: spans }, (_, span) => ({
      fromMs: at(span),
      toMs: at(span + 1),
      value: dueIn(sources, span),
    })),
  }));
  const all = lanes.flatMap(lane => lane.spans);
  const kinds = kindsOf(due);
  const parts: readonly Part<Due>[] =
    by === 'kind'
      ? ONE_KIND
      : kinds.map(kind => ({ name: kindWords(kind), mark: markOf(kind), of: amounts => amounts[kind] ?? 0 }));
  const total = (of: (amounts: Due) => number): number => all.reduce((sum, { value }) => sum + of(value), 0);
  const first = lanes.reduce((sum, lane) => sum + totalOf(lane.spans[0]?.value ?? {}), 0);
  const moments = columnMoments(lanes, parts, {
    title: clockSpan,
    note: from => (from === fromMs ? 'with what is due already' : undefined),
    amount: number,
  });
  return {
    lanes,
    range: { fromMs, toMs: at(spans) },
    moments: moments.map(({ rows, ...moment }) => {
      const told = by === 'kind' ? rows.map((row, at) => ({ ...row, name: lanes[at]?.name ?? '' })) : rows;
      const some = told.filter(({ value }) => value !== '0');
      return { ...moment, rows: some.length > 0 ? some : [{ name: 'due', value: '0' }] };
    }),
    legend:
      by === 'host'
        ? kinds.map(kind => ({
            name: kindWords(kind),
            mark: markOf(kind),
            value: number(total(amounts => amounts[kind] ?? 0)),
          }))
        : undefined,
    panes: columnPanes(lanes, parts, {
      nowMs: Number.POSITIVE_INFINITY,
      hasOneScale: false,
      heightRem: 2.2,
    }).map((pane, index) => {
      const lane = lanes[index];
      const named = { ...pane, name: lane?.name };
      return lane?.isResting
        ? { ...named, draw: (area: Area) => <g class="resting">{pane.draw(area)}</g> }
        : named;
    }),
    words: `${number(total(totalOf))} in all, ${number(first)} of them in the first ${SPANS[ahead].one}, with what is due already.`,
  };
}

function markOf(kind: string): string {
  return MARKS[kind as WorkKind] ?? 'mark-gone';
}

interface LaneSource {
  readonly kind: string;
  readonly amounts: readonly number[];
}
type UncountedLane = Omit<Lane, 'spans'> & { readonly sources: readonly LaneSource[] };

/** A line for each host, those with most first; the rest in one. Pure. */
function lanesByHost({ lanes, others }: DueWork, restOf: ScheduleChartProps['restOf']): UncountedLane[] {
  const hosts = [...Map.groupBy(lanes, ({ host }) => host)];
  const isMore = hosts.length + (others.hosts > 0 ? 1 : 0) > HOSTS_SHOWN;
  const shown = isMore ? hosts.slice(0, HOSTS_SHOWN - 1) : hosts;
  const rest = hosts.slice(shown.length);
  const restSources = [...rest.flatMap(([, sources]) => sources), ...others.lanes];
  const restHosts = rest.length + others.hosts;
  return [
    ...shown.map(([host, sources]) => {
      const why = host === null ? undefined : restOf?.(host);
      const name = hostWords(host);
      return { key: `host ${host}`, name: why ? `${name}: ${why}` : name, isResting: Boolean(why), sources };
    }),
    ...(restHosts > 0
      ? [{ key: 'others', name: count(restHosts, 'other host'), isResting: false, sources: restSources }]
      : []),
  ];
}

/** A line for each kind of work. Pure. */
function lanesByKind(due: DueWork): UncountedLane[] {
  const sources = [...due.lanes, ...due.others.lanes];
  return kindsOf(due).map(kind => ({
    key: kind,
    name: kindWords(kind),
    isResting: false,
    sources: sources.filter(source => source.kind === kind),
  }));
}

/** The kinds that there are, in one order. Pure. */
function kindsOf({ lanes, others }: DueWork): string[] {
  const there = new Set([...lanes, ...others.lanes].map(({ kind }) => kind));
  const known: readonly string[] = WORK_KINDS;
  return [...known.filter(kind => there.has(kind)), ...[...there].filter(kind => !known.includes(kind))];
}

function dueIn(sources: readonly LaneSource[], span: number): Due {
  const amounts: Record<string, number> = {};
  for (const { kind, amounts: own } of sources) amounts[kind] = (amounts[kind] ?? 0) + (own[span] ?? 0);
  return amounts;
}

function totalOf(due: Due): number {
  return Object.values(due).reduce<number>((sum, amount) => sum + (amount ?? 0), 0);
}

/** A pane with a part of its time marked. Pure. */
function withChosen(pane: Pane, { fromMs, toMs }: TimeRange): Pane {
  return {
    ...pane,
    draw: area => {
      const [from, to] = [Math.max(area.left, area.x(fromMs)), Math.min(area.right, area.x(toMs))];
      const box = { x: from, y: area.top, width: Math.max(0, to - from), height: area.ground - area.top };
      return (
        <>
          <rect class="chosen-part" {...box} />
          {pane.draw(area)}
        </>
      );
    },
  };
}
