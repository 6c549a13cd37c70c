// A chart of columns per day, week or month, of one thing or of several with the same scales.
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { useAsked } from '../live/asked.ts';
import type { Topic } from '../live/live.ts';
import { number } from '../parts/words.ts';
import { ChartFrame } from './chart-frame.tsx';
import { columnMoments, columnPanes, type Part } from './columns.tsx';
import type { FigureTable } from './csv.ts';
import { isoDay, type Period, type Span, spansOf } from './periods.ts';
import { questionOf } from './range.ts';
import { type ChartScope, type Source, useLast } from './scope.ts';
import { TimePlot } from './time-plot.tsx';
import { onOwnClock, periodWords } from './words.ts';

interface PeriodChartProps<Row extends { readonly start: string }> {
  readonly id: string;
  /** Before `per week`. */
  readonly title: string;
  readonly scope: ChartScope;
  readonly sources: readonly Source[];
  /** What the station is asked, besides the range. */
  readonly ask: (
    source: Source,
    question: { readonly since: string; readonly until: string; readonly by: Period },
    signal: AbortSignal,
  ) => Promise<readonly Row[]>;
  /** What else the question depends on. */
  readonly about?: readonly (string | boolean)[];
  readonly topics: readonly Topic[];
  readonly parts: readonly Part<Row>[];
  /** In the table, and where it is pointed at, but not in the picture. */
  readonly also?: readonly Part<Row>[];
  /** By what it is counted, where that is not for the range to say. */
  readonly by?: Period;
  /** What a source comes to in the time shown, in words. */
  readonly words: (rows: readonly Row[], source: Source | undefined) => string;
  readonly legend?: (rows: readonly Row[], part: Part<Row>) => string;
  /** Whether there is anything to be seen. */
  readonly isAny: (row: Row) => boolean;
  readonly empty: ComponentChildren;
}

export function PeriodChart<Row extends { readonly start: string }>(props: PeriodChartProps<Row>) {
  const { id, title, scope, sources, ask, about = [], topics, parts, also = [], words, isAny, empty } = props;
  const { range, nowMs } = scope;
  const by = props.by ?? scope.by;
  const question = questionOf(range, by);
  const key = [by, question.since, question.until, ...sources.map(({ url }) => url), ...about];
  const asked = useAsked(
    signal => Promise.all(sources.map(source => ask(source, { ...question, by }, signal))),
    key,
    topics,
  );
  const names = sources.map(({ name }) => name).join('\n');
  const made = useMemo(() => {
    if (!asked.value) return undefined;
    if (!asked.value.some(rows => rows.some(isAny))) return null;
    const shown = { ...range, toMs: Math.max(range.toMs, range.fromMs + 1) };
    const all = asked.value.map((rows, at) => ({
      key: String(at),
      name: sources[at]?.name,
      source: sources[at],
      rows,
      spans: spansOf(rows, shown, by),
    }));
    return {
      all,
      range,
      by,
      panes: columnPanes(all, parts, { nowMs, hasOneScale: scope.hasOneScale }),
      moments: columnMoments(all, [...parts, ...also], {
        title: (fromMs, toMs) => periodWords(fromMs, toMs, by),
        note: (fromMs, toMs) => (toMs > nowMs ? 'so far' : onOwnClock(fromMs, toMs)),
        amount: number,
      }),
    };
  }, [asked.value, range.fromMs, range.toMs, by, names, scope.hasOneScale]);
  const plan = useLast(made, names);
  const said = plan?.all
    .map(({ name, rows, source }) => {
      const own = words(rows, source);
      return sources.length > 1 ? `${name}: ${own}` : own;
    })
    .join(' ');
  const [only] = plan?.all ?? [];
  return (
    <ChartFrame
      id={id}
      title={`${title} per ${plan?.by ?? by}`}
      words={said ?? ''}
      legend={
        parts.length > 1 && only
          ? legendOf(parts, sources.length > 1 ? undefined : only.rows, props.legend)
          : []
      }
      figures={plan ? tableOf(plan.all, [...parts, ...also]) : undefined}
      error={asked.error}
      isAsking={!asked.value && !asked.error}
      empty={empty}
    >
      {plan ? (
        <TimePlot
          label={`${title} per ${plan.by}`}
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

function legendOf<Row>(
  parts: readonly Part<Row>[],
  rows: readonly Row[] | undefined,
  value: ((rows: readonly Row[], part: Part<Row>) => string) | undefined,
) {
  return parts.map(part => ({
    name: part.name,
    mark: part.mark,
    value: rows && (value?.(rows, part) ?? number(rows.reduce((sum, row) => sum + part.of(row), 0))),
  }));
}

function tableOf<Row>(
  all: readonly { readonly name: string | undefined; readonly spans: readonly Span<Row>[] }[],
  parts: readonly Part<Row>[],
): FigureTable {
  const [first] = all;
  return {
    columns: [
      'from',
      ...all.flatMap(({ name }) => parts.map(part => (all.length > 1 ? `${part.name}, ${name}` : part.name))),
    ],
    rows: (first?.spans ?? []).map(({ fromMs }, at) => [
      isoDay(fromMs),
      ...all.flatMap(({ spans }) =>
        parts.map(part => {
          const value = spans[at]?.value;
          return value === undefined ? 0 : part.of(value);
        }),
      ),
    ]),
  };
}
