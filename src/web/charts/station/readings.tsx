// Readings that collectors captured over time.
import { useMemo, useState } from 'preact/hooks';
import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { count, number } from '../../parts/words.ts';
import { ChartFrame } from '../chart-frame.tsx';
import { columnMoments, columnPanes, type Part } from '../columns.tsx';
import type { Span } from '../periods.ts';
import { useLast } from '../scope.ts';
import { TimePlot } from '../time-plot.tsx';
import { clockSpan } from '../words.ts';
import { HourOrDay } from './hour-or-day.tsx';

type Series = Answer<'getRates'>['hour'];

const READINGS: readonly Part<number>[] = [{ name: 'readings', mark: 'mark-1', of: amount => amount }];

/** Readings of all collectors, of the last hour by minute, or of the last day by quarter of an hour. */
export function ReadingsChart({ nowMs }: { readonly nowMs: number }) {
  const [isDay, setDay] = useState(false);
  const asked = useAsked(signal => client.getRates({}, { signal }), [], ['status']);
  const series = useLast(asked.value, '')?.[isDay ? 'day' : 'hour'];
  const plan = useMemo(() => series && readingsOf(series, nowMs), [series, nowMs]);
  const title = `Readings in the last ${isDay ? 'day' : 'hour'}`;
  const isAny = plan !== undefined && plan.total > 0;
  return (
    <ChartFrame
      id="readings"
      title={title}
      words={isAny ? plan.words : ''}
      figures={isAny ? plan.figures : undefined}
      error={asked.error}
      isAsking={!asked.value && !asked.error}
      empty={`Nothing was captured in the last ${isDay ? 'day' : 'hour'}.`}
      tools={<HourOrDay isDay={isDay} choose={setDay} />}
    >
      {isAny ? (
        <TimePlot label={title} range={plan.range} zone="local" panes={plan.panes} moments={plan.moments} />
      ) : null}
    </ChartFrame>
  );
}

function readingsOf({ fromAt, spanMs, amounts: { readings } }: Series, nowMs: number) {
  const fromMs = Date.parse(fromAt);
  const at = (index: number): number => fromMs + index * spanMs;
  const spans = readings.map(
    (value, index): Span<number> => ({ fromMs: at(index), toMs: at(index + 1), value }),
  );
  const all = [{ key: 'readings', spans }];
  const total = readings.reduce((sum, each) => sum + each, 0);
  const most = Math.max(...readings, 0);
  return {
    total,
    range: { fromMs, toMs: at(readings.length) },
    panes: columnPanes(all, READINGS, { nowMs, hasOneScale: true, heightRem: 6 }),
    moments: columnMoments(all, READINGS, {
      title: clockSpan,
      note: (_, to) => (to > nowMs ? 'so far' : undefined),
      amount: number,
    }),
    words: `${count(total, 'reading')}, ${number(Math.round((most / spanMs) * 10_000) / 10)} a second at most.`,
    figures: {
      columns: ['from', 'readings'],
      rows: spans.map(span => [new Date(span.fromMs).toISOString(), span.value ?? 0]),
    },
  };
}
