// What is free on the station's disks, and when that ends if it goes on as it did.

import { useMemo } from 'preact/hooks';
import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { bytes, percent } from '../../parts/words.ts';
import type { Area, Pane } from '../axes.tsx';
import { ChartFrame } from '../chart-frame.tsx';
import { type Sample, type Trend, trendOf } from '../forecast.ts';
import { roundBytes } from '../scale.ts';
import { useLast } from '../scope.ts';
import { TimePlot } from '../time-plot.tsx';
import { momentWords, shortBytes } from '../words.ts';

type Disk = Answer<'getDiskHistory'>['disks'][number];

const DAY_MS = 86_400_000;
/** Further than that nobody plans by what a disk did. */
const HORIZON_MS = 365 * DAY_MS;
/** How far a picture looks ahead at least, of the time that it looks back. */
const AHEAD = 1 / 3;

export function DisksChart() {
  const asked = useAsked(signal => client.getDiskHistory({}, { signal }), [], []);
  const disks = useLast(asked.value, '')?.disks;
  const plan = useMemo(() => disks && planOf(disks), [disks]);
  return (
    <ChartFrame
      id="disks"
      title="Free on disks, with a forecast"
      words={plan?.words ?? ''}
      legend={[
        { name: 'free', mark: 'mark-1' },
        { name: 'if it goes on so', mark: 'mark-2' },
      ]}
      figures={
        plan && plan.moments.length > 0
          ? {
              columns: ['disk', 'at', 'free bytes'],
              rows: plan.disks.flatMap(({ path, samples }) =>
                samples.map(({ takenAt, freeBytes }) => [path, takenAt, freeBytes]),
              ),
            }
          : undefined
      }
      error={asked.error}
      isAsking={!asked.value && !asked.error}
      empty="No disk is known."
    >
      {plan ? (
        <TimePlot
          label="Free on disks"
          range={plan.range}
          zone="local"
          panes={plan.panes}
          moments={plan.moments}
          rightRem={1}
        />
      ) : null}
    </ChartFrame>
  );
}

interface Forecast {
  readonly disk: Disk;
  readonly samples: readonly Sample[];
  readonly trend: Trend | undefined;
}

function planOf(disks: readonly Disk[]) {
  const all = disks.map((disk): Forecast => {
    const samples = disk.samples.map(({ takenAt, freeBytes }) => ({
      atMs: Date.parse(takenAt),
      value: freeBytes,
    }));
    return { disk, samples, trend: trendOf(samples, HORIZON_MS) };
  });
  const times = all.flatMap(({ samples }) => samples.map(({ atMs }) => atMs));
  const [first, now] = [Math.min(...times), Math.max(...times)];
  const span = Math.max(DAY_MS, now - first);
  const ends = all.flatMap(({ trend }) => trend?.endsAtMs ?? []);
  // As far ahead as the first disk that ends, where that is no further than what is known of the past.
  const near = ends.filter(each => each - now <= span);
  const range = {
    fromMs: now - span,
    toMs: Math.max(now + span * AHEAD, ...near.map(each => each + span / 20)),
  };
  return {
    disks,
    range,
    words: all.map(inWords).join(' '),
    panes: all.map(
      (one): Pane => ({
        key: one.disk.path,
        name: one.disk.holds.join(', '),
        height: 5,
        figures: roundBytes(Math.max(1, ...one.samples.map(({ value }) => value)), 3),
        figureWords: value => (value === 0 ? '0' : shortBytes(value)),
        draw: area => <Free forecast={one} area={area} toMs={range.toMs} />,
      }),
    ),
    moments: (all[0]?.samples ?? []).map(({ atMs }, at) => ({
      fromMs: atMs,
      toMs: all[0]?.samples[at + 1]?.atMs ?? atMs + 60_000,
      title: momentWords(atMs),
      rows: all.map(({ disk, samples }) => ({
        mark: 'mark-1',
        name: disk.holds.join(', '),
        value: `${bytes((samples[at] ?? samples.at(-1))?.value ?? 0)} free`,
      })),
    })),
  };
}

function inWords({ disk, samples, trend }: Forecast): string {
  const free = samples.at(-1)?.value ?? 0;
  const what = `${disk.holds.join(', ')}: ${bytes(free)} free, ${percent(free / Math.max(1, disk.totalBytes))}`;
  if (!trend) return `${what}; a forecast needs some hours.`;
  if (trend.endsAtMs === null) return `${what}; it does not end within a year at the present pace.`;
  const end = new Date(trend.endsAtMs).toLocaleDateString([], { dateStyle: 'medium' });
  return `${what}, ${bytes(-trend.perDay)} less a day: full about ${end}.`;
}

function Free(props: { readonly forecast: Forecast; readonly area: Area; readonly toMs: number }) {
  const { samples, trend } = props.forecast;
  const { x, y, ground } = props.area;
  const at = ({ atMs, value }: Sample): string => `${x(atMs).toFixed(1)} ${y(value).toFixed(1)}`;
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return null;
  const line = `M${samples.map(at).join('L')}`;
  const toMs = Math.min(props.toMs, trend?.endsAtMs ?? props.toMs);
  const end = trend && {
    atMs: toMs,
    value: Math.max(0, last.value + (trend.perDay * (toMs - last.atMs)) / DAY_MS),
  };
  return (
    <>
      <path class="mark-1 area" d={`${line}V${ground}H${x(first.atMs).toFixed(1)}Z`} />
      <path class="line first" d={line} />
      {samples.length === 1 ? <circle class="mark-1" cx={x(last.atMs)} cy={y(last.value)} r="3" /> : null}
      {end ? <path class="line second" d={`M${at(last)}L${at(end)}`} /> : null}
    </>
  );
}
