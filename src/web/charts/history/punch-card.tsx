// Commits by weekday and hour: a square an hour, the darker the more, with what days and hours come to at its edges.

import { useMemo } from 'preact/hooks';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { count, number } from '../../parts/words.ts';
import { ChartFrame } from '../chart-frame.tsx';
import { questionOf } from '../range.ts';
import { useLast } from '../scope.ts';
import { useSize } from '../use-size.ts';
import { HISTORY_TOPICS, type HistoryProps, historyOf } from './activity.tsx';

interface Hour {
  /** 1 Monday to 7 Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly commits: number;
}

/** A Monday, for the names of weekdays in the reader's language. */
const MONDAY_MS = Date.UTC(2024, 0, 1);
const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const;
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

function weekdayName(weekday: number, weekdayStyle: 'short' | 'long' = 'short'): string {
  const at = MONDAY_MS + (weekday - 1) * 86_400_000;
  return new Intl.DateTimeFormat(undefined, { weekday: weekdayStyle, timeZone: 'UTC' }).format(at);
}

export function PunchCardChart({ scope, sources, filter }: HistoryProps) {
  const { since, until } = questionOf(scope.range, 'day');
  const asked = useAsked(
    signal =>
      Promise.all(
        sources.map(async source => {
          const given = { ...historyOf(source, filter), since, until };
          return (await client.getPunchCard(given, { signal })).hours;
        }),
      ),
    [since, until, filter.withoutBots, filter.path, ...sources.map(({ url }) => url)],
    HISTORY_TOPICS,
  );
  const kept = useLast(asked.value, sources.map(({ url }) => url).join('\n'));
  const cards = (kept ?? []).map((hours, at) => ({ name: sources[at]?.name ?? '', hours }));
  const isAny = cards.some(({ hours }) => hours.some(({ commits }) => commits > 0));
  return (
    <ChartFrame
      id="punch-card"
      title="Hours of the week, in each author’s own time"
      words={cards
        .map(({ name, hours }) => (cards.length > 1 ? `${name}: ${inWords(hours)}` : inWords(hours)))
        .join(' ')}
      figures={
        isAny
          ? {
              columns: [
                'weekday',
                'hour',
                ...cards.map(({ name }) => (cards.length > 1 ? `commits, ${name}` : 'commits')),
              ],
              rows: (cards[0]?.hours ?? []).map(({ weekday, hour }, at) => [
                weekdayName(weekday, 'long'),
                hour,
                ...cards.map(({ hours }) => hours[at]?.commits ?? 0),
              ]),
            }
          : undefined
      }
      error={asked.error}
      isAsking={!asked.value && !asked.error}
      empty="No commits in this time."
    >
      <Cards cards={cards} />
    </ChartFrame>
  );
}

function inWords(hours: readonly Hour[]): string {
  const all = hours.reduce((sum, { commits }) => sum + commits, 0);
  const most = hours.reduce<Hour | undefined>(
    (best, each) => (best && best.commits >= each.commits ? best : each),
    undefined,
  );
  if (!most || all === 0) return 'No commits in this time.';
  const late = hours.reduce(
    (sum, { weekday, hour, commits }) => sum + (weekday > 5 || hour < 7 || hour > 19 ? commits : 0),
    0,
  );
  const when = `${weekdayName(most.weekday, 'long')}s from ${most.hour} to ${most.hour + 1} o’clock`;
  return `Most on ${when}: ${number(most.commits)}. At night and at weekends: ${Math.round((late / all) * 100)} %.`;
}

const LEFT_REM = 2.6;
const EDGE_REM = 2;
const GAP_REM = 1.6;
const MOST_ROW_REM = 1.5;

function Cards({
  cards,
}: {
  readonly cards: readonly { readonly name: string; readonly hours: readonly Hour[] }[];
}) {
  const { ref, width, rem } = useSize<HTMLDivElement>();
  const left = LEFT_REM * rem;
  const step = Math.max(2, (width - left - EDGE_REM * rem) / 24);
  const row = Math.min(MOST_ROW_REM * rem, Math.max(0.9 * rem, step * 0.8));
  const cardHeight = EDGE_REM * rem + 7 * row + (cards.length > 1 ? GAP_REM * rem : 0);
  // The darkest square is the same in all of them: a share of what each has in all.
  const top = Math.max(...cards.map(({ hours }) => share(hours)));
  return (
    <div ref={ref} class="plot">
      {width > 0 ? (
        <svg width={width} height={cards.length * cardHeight + 1.4 * rem} aria-hidden="true">
          {cards.map(({ name, hours }, at) => (
            <g key={name} transform={`translate(0 ${at * cardHeight})`}>
              {cards.length > 1 ? (
                <text class="pane-name" x={left} y={rem}>
                  {name}
                </text>
              ) : null}
              <g transform={`translate(0 ${cards.length > 1 ? GAP_REM * rem : 0})`}>
                <Card hours={hours} sizes={{ left, step, row, rem }} top={top} />
              </g>
            </g>
          ))}
          <g class="axes">
            {[0, 6, 12, 18].map(hour => (
              <text key={hour} x={left + hour * step} y={cards.length * cardHeight + 0.9 * rem}>
                {hour}:00
              </text>
            ))}
          </g>
        </svg>
      ) : null}
    </div>
  );
}

function share(hours: readonly Hour[]): number {
  const all = hours.reduce((sum, { commits }) => sum + commits, 0);
  return Math.max(0, ...hours.map(({ commits }) => commits)) / (all || 1);
}

interface Sizes {
  readonly left: number;
  readonly step: number;
  readonly row: number;
  readonly rem: number;
}

function Card(props: { readonly hours: readonly Hour[]; readonly sizes: Sizes; readonly top: number }) {
  const { hours, top } = props;
  const { left, step, row, rem } = props.sizes;
  const edge = EDGE_REM * rem;
  const sums = useMemo(() => {
    const all = hours.reduce((sum, { commits }) => sum + commits, 0);
    const of = (is: (hour: Hour) => boolean) =>
      hours.reduce((sum, hour) => sum + (is(hour) ? hour.commits : 0), 0);
    return {
      all,
      byHour: HOURS.map(hour => of(each => each.hour === hour)),
      byDay: WEEKDAYS.map(weekday => of(each => each.weekday === weekday)),
    };
  }, [hours]);
  const mostAnHour = Math.max(1, ...sums.byHour);
  const mostADay = Math.max(1, ...sums.byDay);
  return (
    <>
      {sums.byHour.map((commits, hour) => {
        const height = (commits / mostAnHour) * (edge - 0.4 * rem);
        return (
          <rect
            key={hour}
            class="edge"
            x={left + hour * step}
            y={edge - 3 - height}
            width={step - 1}
            height={height}
          >
            <title>{`${hour}:00 to ${hour + 1}:00: ${count(commits, 'commit')}`}</title>
          </rect>
        );
      })}
      {WEEKDAYS.map((weekday, at) => (
        <g key={weekday} transform={`translate(0 ${edge + at * row})`}>
          <g class="axes">
            <text x={left - 0.45 * rem} y={row / 2} dominant-baseline="central" text-anchor="end">
              {weekdayName(weekday)}
            </text>
          </g>
          <rect
            class="edge"
            x={left + 24 * step + 3}
            y={0}
            width={((sums.byDay[at] ?? 0) / mostADay) * (edge - 0.4 * rem)}
            height={row - 1}
          >
            <title>{`${weekdayName(weekday, 'long')}: ${count(sums.byDay[at] ?? 0, 'commit')}`}</title>
          </rect>
        </g>
      ))}
      {hours.map(({ weekday, hour, commits }) => (
        <rect
          key={`${weekday} ${hour}`}
          class={`heat-${heatOf(commits / (sums.all || 1) / (top || 1))}`}
          x={left + hour * step}
          y={edge + (weekday - 1) * row}
          width={step - 1}
          height={row - 1}
        >
          <title>{`${weekdayName(weekday)} ${hour}:00: ${count(commits, 'commit')}`}</title>
        </rect>
      ))}
    </>
  );
}

/** One of the steps of the scale of darkness, 0 for nothing to 6 for the most. */
export function heatOf(part: number): number {
  return part <= 0 ? 0 : Math.min(6, Math.max(1, Math.ceil(part * 6)));
}
