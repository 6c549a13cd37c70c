// What is due when, at which host and why; what is held and paused; what runs, and what comes next.
import { type Ahead, type LanesBy, ScheduleChart } from '../charts/station/schedule.tsx';
import { useAsked } from '../live/asked.ts';
import { client, status } from '../live/live.ts';
import { type HostRow, Hosts, hostRows } from '../parts/hosts.tsx';
import { Panel } from '../parts/panel.tsx';
import { type Pause, usePauses } from '../parts/pauses.ts';
import { Segments } from '../parts/segments.tsx';
import { Totals } from '../parts/totals.tsx';
import { age, number, span } from '../parts/words.ts';
import { hrefOf, setParams } from '../router/router.ts';
import { Running } from './schedule/running.tsx';
import { chosenTime, Targets, timeParam } from './schedule/targets.tsx';

const RUNNING_SHOWN = 100;
const AHEAD = [
  ['hour', 'Hour'],
  ['day', 'Day'],
  ['week', 'Week'],
] as const;
const LANES = [
  ['host', 'By host'],
  ['kind', 'By kind'],
] as const;

export function SchedulePage({ params }: { readonly params: URLSearchParams }) {
  const schedule = useAsked(
    signal => client.getSchedule({ limit: RUNNING_SHOWN }, { signal }),
    [],
    ['status', 'changesets', 'runBegun', 'runEnded'],
  );
  const pauses = usePauses();
  const ahead = oneOf(AHEAD, params.get('ahead'), 'day') satisfies Ahead;
  const by = oneOf(LANES, params.get('by'), 'host') satisfies LanesBy;
  const chosen = chosenTime(params);
  const hosts = status.value?.changesets.hosts ?? [];
  const due = useAsked(
    signal => client.getDueWork({ ahead: 'day' }, { signal }),
    [],
    ['status', 'changesets'],
  );
  const asked = [...new Set((due.value?.lanes ?? []).flatMap(({ host }) => host ?? []))];
  const rows = hostRows(hosts, pauses.value ?? [], asked);
  const counts = schedule.value?.counts;
  return (
    <>
      <Panel title="Schedule" error={schedule.error}>
        {counts ? (
          <Totals
            facts={[
              ['planned', number(counts.size)],
              ['running', number(counts.running)],
              ['due now', number(counts.due)],
              ['behind by', counts.due === 0 ? '–' : span(counts.behindMs)],
              ['raised, first in line', number(counts.raised)],
            ]}
          />
        ) : (
          <Totals facts={undefined} />
        )}
        <ScheduleChart
          ahead={ahead}
          by={by}
          restOf={host => restWords(rows.find(row => row.host === host))}
          chosen={chosen}
          onSelect={range => setParams(timeParam(range))}
          onBack={() => setParams(timeParam(undefined))}
          tools={
            <div class="row">
              <Segments
                label="How far ahead"
                options={AHEAD}
                value={ahead}
                choose={value => setParams({ ahead: value === 'day' ? undefined : value })}
              />
              <Segments
                label="A line for each"
                options={LANES}
                value={by}
                choose={value => setParams({ by: value === 'host' ? undefined : value })}
              />
            </div>
          }
        />
      </Panel>
      <Panel title="Running">
        <Running items={schedule.value?.running} total={counts?.running} />
      </Panel>
      {rows.length > 0 ? (
        <Panel title="Hosts" error={due.error ?? pauses.error}>
          <Hosts
            rows={rows}
            columns={[
              {
                title: 'Due in a day',
                kind: 'number',
                cell: ({ host }) => <DueAt host={host} amount={dueAt(host, due.value?.lanes)} />,
              },
            ]}
          />
        </Panel>
      ) : null}
      <Targets params={params} hosts={rows.map(({ host }) => host)} chosen={chosen} />
    </>
  );
}

function oneOf<Value extends string>(
  options: readonly (readonly [Value, string])[],
  given: string | null,
  byDefault: Value,
): Value {
  return options.find(([value]) => value === given)?.[0] ?? byDefault;
}

/** Why nothing is asked of a host now; undefined: it is. Pure. */
function restWords(row: HostRow | undefined): string | undefined {
  if (row?.pause) return pausedWords(row.pause);
  const { state } = row?.figures ?? {};
  return state === undefined || state === 'ok' ? undefined : state;
}

function pausedWords({ sinceAt }: Pause): string {
  return `paused for ${age(Date.now() - Date.parse(sinceAt))}`;
}

interface Lane {
  readonly host: string | null;
  readonly amounts: readonly number[];
}

/** How much falls due at a host. Pure. */
function dueAt(host: string, lanes: readonly Lane[] = []): number {
  return lanes
    .filter(lane => lane.host === host)
    .reduce((sum, { amounts }) => sum + amounts.reduce((all, one) => all + one, 0), 0);
}

function DueAt({ host, amount }: { readonly host: string; readonly amount: number }) {
  if (amount === 0) return <>0</>;
  return (
    <a href={hrefOf('schedule', { host })} aria-label={`${number(amount)} due at ${host}`}>
      {number(amount)}
    </a>
  );
}
