// What the station delivered and called over time, and how long files took.

import { useMemo, useState } from 'preact/hooks';
import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { bytes, count, number, percent } from '../../parts/words.ts';
import { ChartFrame } from '../chart-frame.tsx';
import { columnMoments, columnPanes, type Part } from '../columns.tsx';
import type { Span } from '../periods.ts';
import { roundBytes } from '../scale.ts';
import { useLast } from '../scope.ts';
import { TimePlot } from '../time-plot.tsx';
import { clockSpan, shortBytes } from '../words.ts';
import { HourOrDay } from './hour-or-day.tsx';

type Series = Answer<'getRates'>['hour'];
type Amount = { readonly amount: number; readonly below: number };

const ONE: readonly Part<Amount>[] = [{ name: 'amount', mark: 'mark-1', of: ({ amount }) => amount }];
const FILES: readonly Part<Amount>[] = [
  { name: 'files delivered', mark: 'mark-1', of: ({ amount }) => amount },
  { name: 'failed tries', mark: 'mark-2', of: ({ below }) => below, isBelow: true },
];

interface DeliveryChartProps {
  readonly nowMs: number;
  /** Stands above something else: lower, and of deliveries alone. */
  readonly isSmall?: boolean;
}

/** Files and bytes delivered, tries that failed, calls made: of the last hour by minute, or of the last day. */
export function ThroughputChart({ nowMs, isSmall = false }: DeliveryChartProps) {
  const [isDay, setDay] = useState(true);
  const asked = useAsked(signal => client.getRates({}, { signal }), [], ['deliveries', 'changesets']);
  const series = useLast(asked.value, '')?.[isDay ? 'day' : 'hour'];
  const plan = useMemo(() => series && throughputOf(series, nowMs, isSmall), [series, nowMs]);
  const title = `Delivered in the last ${isDay ? 'day' : 'hour'}`;
  return (
    <ChartFrame
      id="throughput"
      title={title}
      words={plan?.words ?? ''}
      legend={FILES.map(({ name, mark }) => ({ name, mark }))}
      figures={plan?.figures}
      error={asked.error}
      isAsking={!asked.value && !asked.error}
      empty="Nothing was counted yet."
      tools={<HourOrDay isDay={isDay} choose={setDay} />}
    >
      {plan ? (
        <TimePlot label={title} range={plan.range} zone="local" panes={plan.panes} moments={plan.moments} />
      ) : null}
    </ChartFrame>
  );
}

function throughputOf({ fromAt, spanMs, amounts }: Series, nowMs: number, isSmall: boolean) {
  const fromMs = Date.parse(fromAt);
  const at = (index: number): number => fromMs + index * spanMs;
  const spans = (of: readonly number[], below: readonly number[] = []): Span<Amount>[] =>
    of.map((amount, index) => ({
      fromMs: at(index),
      toMs: at(index + 1),
      value: { amount, below: below[index] ?? 0 },
    }));
  const sum = (of: readonly number[]): number => of.reduce((all, each) => all + each, 0);
  const looks = { nowMs, hasOneScale: true };
  const files = { key: 'files', name: 'files', spans: spans(amounts.files, amounts.failures) };
  const sizes = { key: 'bytes', name: 'bytes', spans: spans(amounts.bytes) };
  const named = (name: string) => (pane: ReturnType<typeof columnPanes>[number]) => ({ ...pane, name });
  const moments = columnMoments([files], FILES, {
    title: clockSpan,
    note: (_, to) => (to > nowMs ? 'so far' : undefined),
    amount: number,
  }).map((moment, index) => ({
    ...moment,
    rows: [
      ...moment.rows,
      { name: 'bytes', value: bytes(amounts.bytes[index] ?? 0) },
      ...(isSmall ? [] : [{ name: 'calls to hosts', value: number(amounts.calls[index] ?? 0) }]),
    ],
  }));
  return {
    range: { fromMs, toMs: at(amounts.files.length) },
    panes: [
      ...columnPanes([files], FILES, { ...looks, heightRem: isSmall ? 4.5 : 7 }).map(named('Files')),
      ...columnPanes([sizes], ONE, {
        ...looks,
        heightRem: isSmall ? 3 : 4.5,
        figuresUpTo: roundBytes,
        figureWords: value => (value === 0 ? '0' : shortBytes(value)),
      }).map(named('Bytes')),
      ...(isSmall ? [] : [{ key: 'calls', name: 'calls', spans: spans(amounts.calls) }]).flatMap(calls =>
        columnPanes([calls], ONE, { ...looks, heightRem: 3 }).map(named('Calls to code hosts')),
      ),
    ],
    moments,
    words: `${count(sum(amounts.files), 'file')} of ${bytes(sum(amounts.bytes))} delivered, ${count(sum(amounts.failures), 'try', 'tries')} failed${isSmall ? '' : `; ${count(sum(amounts.calls), 'call')} to code hosts`}.`,
    figures: {
      columns: ['from', 'files', 'failed tries', 'bytes', 'calls', 'commits', 'changesets', 'readings'],
      rows: amounts.files.map((delivered, index) => [
        new Date(at(index)).toISOString(),
        delivered,
        amounts.failures[index] ?? 0,
        amounts.bytes[index] ?? 0,
        amounts.calls[index] ?? 0,
        amounts.commits[index] ?? 0,
        amounts.changesets[index] ?? 0,
        amounts.readings[index] ?? 0,
      ]),
    },
  };
}

interface Times {
  readonly slow: readonly number[];
}
/** Each file once, by how long it took at most. */
const TIMES = ['1 s', '15 s', '5 min', '2 h'].map(
  (name, at): Part<Times> => ({
    name: `within ${name}`,
    mark: `heat-${at + 2}`,
    of: ({ slow }) => slow[at] ?? 0,
  }),
);
const LATENCY: readonly Part<Times>[] = [
  ...TIMES,
  { name: 'later', mark: 'mark-2', of: ({ slow }) => slow[4] ?? 0 },
];

/** How long files took from being found to being proven: how many how long, over the last day. */
export function LatencyChart({ nowMs, isSmall = false }: DeliveryChartProps) {
  const asked = useAsked(signal => client.getRates({}, { signal }), [], ['deliveries']);
  const series = useLast(asked.value, '')?.day;
  const plan = useMemo(() => series && latencyOf(series, nowMs, isSmall ? 8 : 7), [series, nowMs]);
  const isAny = plan !== undefined && plan.timed > 0;
  return (
    <ChartFrame
      id="latency"
      title="How long files took, in the last day"
      words={isAny ? plan.words : ''}
      legend={LATENCY.map(({ name, mark }) => ({ name, mark }))}
      figures={
        isAny
          ? {
              columns: ['from', ...LATENCY.map(({ name }) => name)],
              rows: plan.spans.map(({ fromMs, value }) => [
                new Date(fromMs).toISOString(),
                ...LATENCY.map(part => (value ? part.of(value) : 0)),
              ]),
            }
          : undefined
      }
      error={asked.error}
      isAsking={!asked.value && !asked.error}
      empty="No file was delivered in the last day."
    >
      {isAny ? (
        <TimePlot
          label="How long files took"
          range={plan.range}
          zone="local"
          panes={plan.panes}
          moments={plan.moments}
        />
      ) : null}
    </ChartFrame>
  );
}

function latencyOf({ fromAt, spanMs, amounts }: Series, nowMs: number, heightRem: number) {
  const first = Date.parse(fromAt);
  const { timed, within1s, within15s, within5m, within2h } = amounts;
  const spans = timed.map((all, at): Span<Times> => {
    const upTo = [within1s, within15s, within5m, within2h].map(each => each[at] ?? 0);
    return {
      fromMs: first + at * spanMs,
      toMs: first + (at + 1) * spanMs,
      value: { slow: [...upTo, all].map((each, index) => Math.max(0, each - (upTo[index - 1] ?? 0))) },
    };
  });
  const all = [{ key: 'latency', spans }];
  const total = (of: readonly number[]): number => of.reduce((sum, each) => sum + each, 0);
  const sum = total(timed);
  const share = (of: readonly number[]): string => percent(total(of) / Math.max(1, sum));
  return {
    timed: sum,
    spans,
    range: { fromMs: first, toMs: first + timed.length * spanMs },
    panes: columnPanes(all, LATENCY, { nowMs, hasOneScale: true, heightRem }),
    moments: columnMoments(all, LATENCY, {
      title: clockSpan,
      note: (_, to) => (to > nowMs ? 'so far' : undefined),
      amount: number,
    }),
    words: `${count(sum, 'file')}: ${share(within1s)} within a second of being found, ${share(within15s)} within 15\u00a0s, ${share(within5m)} within 5\u00a0min.`,
  };
}
