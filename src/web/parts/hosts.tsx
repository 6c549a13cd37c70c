// Code hosts and other remotes: whether they answer, what of their budgets is spent, and what a person can do there.
import type { ComponentChildren } from 'preact';
import { client, type Status } from '../live/live.ts';
import { ActButton } from './act-button.tsx';
import { type Pause, pause, resume } from './pauses.ts';
import { type Column, Table } from './table.tsx';
import { Name, State } from './text.tsx';
import { Since, Until } from './time.tsx';
import { count, number } from './words.ts';

type Figures = Status['changesets']['hosts'][number];
type Budget = Figures['budgets'][number];

/** A host that something is asked of; those that are asked by git alone have no figures. */
export interface HostRow {
  readonly host: string;
  readonly figures: Figures | undefined;
  readonly pause: Pause | undefined;
}

/** Hosts by name, with what is known of each. Pure. */
export function hostRows(
  figures: readonly Figures[],
  pauses: readonly Pause[],
  others: readonly string[] = [],
): HostRow[] {
  const paused = new Map(pauses.filter(({ kind }) => kind === 'host').map(each => [each.name, each]));
  const known = new Map(figures.map(each => [each.host, each]));
  return [...new Set([...known.keys(), ...others, ...paused.keys()])].map(host => ({
    host,
    figures: known.get(host),
    pause: paused.get(host),
  }));
}

interface HostsProps {
  readonly rows: readonly HostRow[];
  /** What else is said of each. */
  readonly columns?: readonly Column<HostRow>[];
  readonly empty?: ComponentChildren;
}

export function Hosts({ rows, columns = [], empty = 'No host is asked.' }: HostsProps) {
  return (
    <Table
      caption="Hosts"
      items={rows}
      keyOf={({ host }) => host}
      empty={empty}
      columns={[
        { title: 'Host', kind: 'main', cell: row => <HostName row={row} /> },
        ...columns,
        {
          title: 'Followed',
          kind: 'number',
          cell: ({ figures }) => (figures ? number(figures.followed) : '–'),
        },
        {
          title: 'Calls an hour',
          cell: ({ figures }) =>
            figures?.budgets.map(each => <BudgetLine key={each.resource} budget={each} />) ?? '–',
        },
        {
          title: 'Intervals',
          cell: ({ figures }) =>
            figures && figures.stretch > 1 ? (
              <State kind="warn">stretched ×{figures.stretch}</State>
            ) : (
              'as they are'
            ),
        },
        { title: 'Act', kind: 'act', cell: row => <Acts row={row} /> },
      ]}
    />
  );
}

function HostName({ row: { host, figures, pause: paused } }: { readonly row: HostRow }) {
  const { state = '', why, hint } = figures ?? {};
  return (
    <>
      <Name>{host}</Name>{' '}
      {paused ? (
        <State kind="warn">
          paused <Since at={paused.sinceAt} />
        </State>
      ) : state === '' ? null : (
        <State kind={state === 'ok' ? 'good' : 'bad'}>{state}</State>
      )}
      {why && !paused ? <div class="error">{why}</div> : null}
      {hint && !paused ? <div class="quiet">{hint}</div> : null}
    </>
  );
}

function Acts({ row: { host, figures, pause: paused } }: { readonly row: HostRow }) {
  const isHeld = figures !== undefined && figures.state !== 'ok';
  return (
    <div class="row acts">
      {isHeld && !paused ? (
        <ActButton act={() => probe(host)} about={host}>
          Ask it now
        </ActButton>
      ) : null}
      <ActButton
        act={() => (paused ? resume : pause)({ kind: 'host', name: host })}
        about={host}
        title={paused ? 'It is asked again' : 'Nothing is asked of it until it is resumed'}
      >
        {paused ? 'Resume' : 'Pause'}
      </ActButton>
    </div>
  );
}

async function probe(host: string): Promise<string> {
  const { isHeld } = await client.probePlace({ kind: 'host', name: host });
  return isHeld ? `${host} was asked, and cannot be used yet.` : `${host} is asked again.`;
}

function BudgetLine({ budget }: { readonly budget: Budget }) {
  const { resource, neededPerHour, budgetPerHour, spentLastHour, remaining, resetAt } = budget;
  return (
    <div class="budget">
      {budgetPerHour === null ? null : (
        <meter
          class={spentLastHour > budgetPerHour * 0.9 ? 'full' : ''}
          aria-label={`Spent of the budget of ${resource}`}
          value={Math.min(spentLastHour, budgetPerHour)}
          max={Math.max(1, budgetPerHour)}
        />
      )}
      <span>
        {resource}: {number(spentLastHour)} spent
        {budgetPerHour === null ? '' : ` of ${number(budgetPerHour)}`}, needs {number(neededPerHour)}
        {remaining === null ? null : (
          <span class="quiet">
            , {count(remaining, 'call')} left
            {resetAt === null ? null : (
              <>
                , renewed <Until at={resetAt} />
              </>
            )}
          </span>
        )}
      </span>
    </div>
  );
}
