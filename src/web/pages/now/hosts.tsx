import type { Status } from '../../live/live.ts';
import { ActButton } from '../../parts/act-button.tsx';
import { Table } from '../../parts/table.tsx';
import { Name, State } from '../../parts/text.tsx';
import { Until } from '../../parts/time.tsx';
import { count, number } from '../../parts/words.ts';
import { pause } from './stuck.tsx';
import type { Pause } from './verdict.tsx';

type Host = Status['changesets']['hosts'][number];
type Budget = Host['budgets'][number];

interface HostsProps {
  readonly hosts: readonly Host[];
  readonly pauses: readonly Pause[];
}

/** Code hosts: whether they answer, and what of their budgets of calls is spent and needed. */
export function Hosts({ hosts, pauses }: HostsProps) {
  return (
    <Table
      caption="Code hosts"
      items={hosts}
      keyOf={({ host }) => host}
      empty="No code host is asked."
      columns={[
        { title: 'Host', kind: 'main', cell: host => <HostName host={host} /> },
        { title: 'Followed', kind: 'number', cell: ({ followed }) => number(followed) },
        {
          title: 'Calls an hour',
          cell: ({ budgets }) => budgets.map(each => <BudgetLine key={each.resource} budget={each} />),
        },
        {
          title: 'Intervals',
          cell: ({ stretch }) =>
            stretch > 1 ? <State kind="warn">stretched ×{stretch}</State> : 'as they are',
        },
        {
          title: 'Act',
          kind: 'act',
          cell: ({ host }) =>
            pauses.some(({ kind, name }) => kind === 'host' && name === host) ? null : (
              <ActButton act={() => pause('host', host)} about={host}>
                Pause
              </ActButton>
            ),
        },
      ]}
    />
  );
}

function HostName({ host: { host, state, why, hint } }: { readonly host: Host }) {
  return (
    <>
      <Name>{host}</Name> <State kind={state === 'ok' ? 'good' : 'bad'}>{state}</State>
      {why ? <div class="error">{why}</div> : null}
      {hint ? <div class="quiet">{hint}</div> : null}
    </>
  );
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
