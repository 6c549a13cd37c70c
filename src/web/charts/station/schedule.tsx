// What falls due in the next day, as lines of time.

import { useMemo } from 'preact/hooks';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { number } from '../../parts/words.ts';
import { ChartFrame } from '../chart-frame.tsx';
import { columnMoments, columnPanes, type Part } from '../columns.tsx';
import { useLast } from '../scope.ts';
import { TimePlot } from '../time-plot.tsx';
import { clockSpan } from '../words.ts';

interface Due {
  readonly amount: number;
}
const DUE: readonly Part<Due>[] = [{ name: 'due', mark: 'mark-1', of: ({ amount }) => amount }];

const HALF_HOUR_MS = 1_800_000;
const KINDS: Readonly<Record<string, string>> = {
  repository: 'Repositories',
  churn: 'Churn',
  changeset: 'Changesets',
  owner: 'Owners',
  'changeset source': 'Sources of changesets',
};

/** The next day as lines of time, one for each kind of work: how much falls due in each half hour. */
export function ScheduleChart() {
  const asked = useAsked(
    async signal => ({ askedAtMs: Date.now(), ...(await client.getSchedule({ limit: 1 }, { signal })) }),
    [],
    ['status'],
  );
  const schedule = useLast(asked.value, '');
  const plan = useMemo(() => {
    if (!schedule) return undefined;
    const { askedAtMs, halfHoursByKind, counts } = schedule;
    const all = Object.entries(halfHoursByKind).map(([kind, amounts]) => ({
      key: kind,
      name: KINDS[kind] ?? kind,
      spans: amounts.map((amount, at) => ({
        fromMs: askedAtMs + at * HALF_HOUR_MS,
        toMs: askedAtMs + (at + 1) * HALF_HOUR_MS,
        value: { amount },
      })),
    }));
    const moments = columnMoments(all, DUE, {
      title: clockSpan,
      note: from => (from === askedAtMs ? 'with what is due already' : undefined),
      amount: number,
    }).map(moment => ({
      ...moment,
      rows: moment.rows.map((row, at) => ({ ...row, name: all[at]?.name ?? row.name })),
    }));
    const soon = all.reduce(
      (sum, { spans }) => sum + (spans[0]?.value.amount ?? 0) + (spans[1]?.value.amount ?? 0),
      0,
    );
    const day = all.reduce(
      (sum, { spans }) => sum + spans.reduce((one, { value }) => one + value.amount, 0),
      0,
    );
    return {
      all,
      moments,
      range: { fromMs: askedAtMs, toMs: askedAtMs + 48 * HALF_HOUR_MS },
      panes: columnPanes(all, DUE, {
        nowMs: Number.POSITIVE_INFINITY,
        hasOneScale: false,
        heightRem: 2.2,
      }).map((pane, at) => ({ ...pane, name: all[at]?.name })),
      words: `In the next hour ${number(soon)}, in the next day ${number(day)}; ${number(counts.running)} running now.`,
    };
  }, [schedule]);
  const isAny = plan !== undefined && plan.all.length > 0;
  return (
    <ChartFrame
      id="schedule-line"
      title="What falls due in the next day, by half hours"
      words={isAny ? plan.words : ''}
      figures={
        isAny
          ? {
              columns: ['from', ...plan.all.map(({ name }) => name)],
              rows: plan.moments.map(({ fromMs }, at) => [
                new Date(fromMs).toISOString(),
                ...plan.all.map(({ spans }) => spans[at]?.value.amount ?? 0),
              ]),
            }
          : undefined
      }
      error={asked.error}
      isAsking={!asked.value && !asked.error}
      empty="Nothing is planned. Track repositories or follow changesets, here or in sluice.yaml."
    >
      {isAny ? (
        <TimePlot
          label="What falls due"
          range={plan.range}
          zone="local"
          panes={plan.panes}
          moments={plan.moments}
        />
      ) : null}
    </ChartFrame>
  );
}
