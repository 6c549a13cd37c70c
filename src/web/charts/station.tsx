// What the station itself does: what it delivered and called over time, what comes next, what hosts allow.
import { useMemo, useState } from 'preact/hooks';
import type { Answer } from '../../client/index.ts';
import { useAsked } from '../live/asked.ts';
import { client, status } from '../live/live.ts';
import { bytes, count, number } from '../parts/words.ts';
import { ChartFrame } from './chart-frame.tsx';
import { columnMoments, columnPanes, type Part } from './columns.tsx';
import type { Span } from './periods.ts';
import { roundBytes } from './scale.ts';
import { TimePlot } from './time-plot.tsx';
import { useKept } from './use-kept.ts';
import { useSize } from './use-size.ts';
import { momentWords } from './words.ts';

type Series = Answer<'getRates'>['hour'];
type Amount = { readonly amount: number; readonly below: number };

const ONE: readonly Part<Amount>[] = [{ name: 'amount', mark: 'mark-1', of: ({ amount }) => amount }];
const FILES: readonly Part<Amount>[] = [
  { name: 'files delivered', mark: 'mark-1', of: ({ amount }) => amount },
  { name: 'failed tries', mark: 'mark-2', of: ({ below }) => below, isBelow: true },
];

/** Files and bytes delivered, tries that failed, calls made: of the last hour by minute, or of the last day. */
export function ThroughputChart({ nowMs }: { readonly nowMs: number }) {
  const [isDay, setDay] = useState(true);
  const asked = useAsked(signal => client.getRates({}, { signal }), [], ['deliveries', 'changesets']);
  const series = useKept(asked.value, '')?.[isDay ? 'day' : 'hour'];
  const plan = useMemo(() => series && throughputOf(series, nowMs), [series, nowMs]);
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
      tools={
        <fieldset class="segments">
          <legend class="hidden">Time shown</legend>
          <button type="button" aria-pressed={!isDay} onClick={() => setDay(false)}>
            Hour
          </button>
          <button type="button" aria-pressed={isDay} onClick={() => setDay(true)}>
            Day
          </button>
        </fieldset>
      }
    >
      {plan ? (
        <TimePlot label={title} range={plan.range} zone="local" panes={plan.panes} moments={plan.moments} />
      ) : null}
    </ChartFrame>
  );
}

function throughputOf({ fromAt, spanMs, amounts }: Series, nowMs: number) {
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
    title: (from, to) =>
      `${momentWords(from)} to ${new Date(to).toLocaleTimeString([], { timeStyle: 'short' })}`,
    note: (_, to) => (to > nowMs ? 'so far' : undefined),
    amount: number,
  }).map((moment, index) => ({
    ...moment,
    rows: [
      ...moment.rows,
      { name: 'bytes', value: bytes(amounts.bytes[index] ?? 0) },
      { name: 'calls to hosts', value: number(amounts.calls[index] ?? 0) },
    ],
  }));
  return {
    range: { fromMs, toMs: at(amounts.files.length) },
    panes: [
      ...columnPanes([files], FILES, { ...looks, heightRem: 7 }).map(named('Files')),
      ...columnPanes([sizes], ONE, {
        ...looks,
        heightRem: 4.5,
        figuresUpTo: roundBytes,
        figureWords: value => (value === 0 ? '0' : shortBytes(value)),
      }).map(named('Bytes')),
      ...columnPanes([{ key: 'calls', name: 'calls', spans: spans(amounts.calls) }], ONE, {
        ...looks,
        heightRem: 3,
      }).map(named('Calls to code hosts')),
    ],
    moments,
    words: `${count(sum(amounts.files), 'file')} of ${bytes(sum(amounts.bytes))} delivered, ${count(sum(amounts.failures), 'try', 'tries')} failed; ${count(sum(amounts.calls), 'call')} to code hosts.`,
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

/** `4K`, `128M`: of an axis. */
function shortBytes(value: number): string {
  const at = Math.min(4, Math.max(0, Math.floor(Math.log2(value) / 10)));
  return `${Number((value / 1024 ** at).toPrecision(3))}${['B', 'K', 'M', 'G', 'T'][at]}`;
}

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
  const schedule = useKept(asked.value, '');
  const plan = useMemo(() => {
    if (!schedule) return undefined;
    const { askedAtMs, halfHoursByKind, counts } = schedule;
    const all = Object.entries(halfHoursByKind).map(([kind, amounts]) => ({
      key: kind,
      name: KINDS[kind] ?? kind,
      spans: amounts.map((amount, at) => ({
        fromMs: askedAtMs + at * HALF_HOUR_MS,
        toMs: askedAtMs + (at + 1) * HALF_HOUR_MS,
        value: { amount, below: 0 },
      })),
    }));
    const moments = columnMoments(all, ONE, {
      title: (from, to) =>
        `${momentWords(from)} to ${new Date(to).toLocaleTimeString([], { timeStyle: 'short' })}`,
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
      panes: columnPanes(all, ONE, {
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

const ROW_REM = 2.6;
const BAR_REM = 0.9;

/** What hosts allow in an hour, what was spent of it, and what the forecast needs. */
export function BudgetsChart() {
  const { ref, width, rem } = useSize<HTMLDivElement>();
  const hosts = status.value?.changesets.hosts ?? [];
  const rows = hosts.flatMap(({ host, stretch, budgets }) =>
    budgets.map(budget => ({ host, stretch, ...budget })),
  );
  const tight = hosts.filter(({ stretch }) => stretch > 1);
  return (
    <ChartFrame
      id="budgets"
      title="Budgets of code hosts, an hour"
      words={
        rows.length === 0
          ? ''
          : tight.length === 0
            ? 'Every interval is kept: no budget is short.'
            : tight
                .map(
                  ({ host, stretch }) =>
                    `${host}: intervals are ${number(stretch)} times as long, since its budget is short.`,
                )
                .join(' ')
      }
      legend={[
        { name: 'spent in the last hour', mark: 'mark-1' },
        { name: 'needed, as forecast', mark: 'mark-2' },
        { name: 'allowed', mark: 'heat-1' },
      ]}
      figures={
        rows.length > 0
          ? {
              columns: [
                'host',
                'resource',
                'spent in the last hour',
                'needed an hour',
                'allowed an hour',
                'left',
                'reset',
              ],
              rows: rows.map(row => [
                row.host,
                row.resource,
                row.spentLastHour,
                row.neededPerHour,
                row.budgetPerHour,
                row.remaining,
                row.resetAt,
              ]),
            }
          : undefined
      }
      empty="No code host is asked. Follow changesets, here or in sluice.yaml."
    >
      <div ref={ref} class="plot">
        {width > 0 ? (
          <svg
            width={width}
            height={rows.length * ROW_REM * rem}
            role="img"
            aria-label="Budgets of code hosts"
          >
            {rows.map((row, at) => (
              <g key={`${row.host} ${row.resource}`} transform={`translate(0 ${at * ROW_REM * rem})`}>
                <Budget row={row} width={width} rem={rem} />
              </g>
            ))}
          </svg>
        ) : null}
      </div>
    </ChartFrame>
  );
}

interface BudgetRow {
  readonly host: string;
  readonly resource: string;
  readonly spentLastHour: number;
  readonly neededPerHour: number;
  readonly budgetPerHour: number | null;
  readonly remaining: number | null;
}

function Budget({
  row,
  width,
  rem,
}: {
  readonly row: BudgetRow;
  readonly width: number;
  readonly rem: number;
}) {
  const { host, resource, spentLastHour, neededPerHour, budgetPerHour, remaining } = row;
  const whole = Math.max(budgetPerHour ?? 0, spentLastHour, neededPerHour, 1);
  const x = (calls: number): number => (calls / whole) * (width - 2);
  const top = 1.15 * rem;
  const height = BAR_REM * rem;
  const left = remaining === null ? '' : `, ${number(remaining)} left`;
  const allowed =
    budgetPerHour === null ? 'no limit is known' : `${number(Math.round(budgetPerHour))} allowed`;
  return (
    <>
      <text class="pane-name" x={0} y={0.85 * rem}>
        {host} {resource}
      </text>
      <text class="direct" x={width - 2} y={0.85 * rem} text-anchor="end">
        {number(Math.round(spentLastHour))} spent, {allowed}
        {left}
      </text>
      <rect class="heat-1" x={0} y={top} width={x(budgetPerHour ?? whole)} height={height} />
      <rect class="mark-1" x={0} y={top} width={x(spentLastHour)} height={height} />
      <rect
        class="mark-2"
        x={Math.max(0, x(neededPerHour) - 1.5)}
        y={top - 2}
        width={3}
        height={height + 4}
      />
    </>
  );
}
