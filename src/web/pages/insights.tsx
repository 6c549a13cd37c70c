// What all repositories, their changesets and the station say over time.
import { useState } from 'preact/hooks';
import { ChurnChart, CommitsChart, ContributorsChart } from '../charts/history/activity.tsx';
import { FilterControls, filterOf, PathWords } from '../charts/history/filter.tsx';
import { HotSpotsChart } from '../charts/history/hot-spots.tsx';
import { PeopleChart } from '../charts/history/people.tsx';
import { PunchCardChart } from '../charts/history/punch-card.tsx';
import { RangePicker } from '../charts/range-picker.tsx';
import { CycleTimesChart, ReviewLoadChart } from '../charts/reviews.tsx';
import { type Source, useScope } from '../charts/scope.ts';
import { BudgetsChart } from '../charts/station/budgets.tsx';
import { LatencyChart, ThroughputChart } from '../charts/station/deliveries.tsx';
import { DisksChart } from '../charts/station/disks.tsx';
import { ScheduleChart } from '../charts/station/schedule.tsx';
import { useAsked } from '../live/asked.ts';
import { client } from '../live/live.ts';
import { Panel } from '../parts/panel.tsx';
import { setParams } from '../router/router.ts';

const ALL: readonly Source[] = [{ url: undefined, name: 'all repositories' }];

export function InsightsPage({ params }: { readonly params: URLSearchParams }) {
  const filter = filterOf(params);
  const repository = params.get('repository') ?? undefined;
  const asked = useAsked(signal => client.getCommits({ by: 'month' }, { signal }), [], ['runEnded']);
  const first = Date.parse(asked.value?.periods[0]?.start ?? '');
  const scope = useScope('1y', Number.isNaN(first) ? undefined : first);
  const history = { scope, sources: ALL, filter };
  return (
    <>
      <section class="controls" aria-label="What the charts show">
        <RangePicker scope={scope} />
        <FilterControls filter={filter} />
      </section>
      <PathWords filter={filter} sources={ALL} />
      <Panel title="All repositories">
        <CommitsChart {...history} />
        <ContributorsChart {...history} />
        <ChurnChart {...history} />
        <PeopleChart {...history} />
        <PunchCardChart {...history} />
        <HotSpotsChart {...history} />
      </Panel>
      <Panel title="Changesets">
        <OfRepository repository={repository} />
        <CycleTimesChart scope={scope} repository={repository} />
        <ReviewLoadChart scope={scope} repository={repository} />
      </Panel>
      <Panel title="The station">
        <ThroughputChart nowMs={scope.nowMs} />
        <LatencyChart nowMs={scope.nowMs} />
        <ScheduleChart />
        <BudgetsChart />
        <DisksChart />
      </Panel>
    </>
  );
}

/** Changesets of one repository alone. */
function OfRepository({ repository }: { readonly repository: string | undefined }) {
  const [typed, setTyped] = useState(repository ?? '');
  return (
    <label class="controls">
      Of one repository
      <input
        type="search"
        placeholder="owner/name"
        value={typed}
        onInput={({ currentTarget: { value } }) => setTyped(value)}
        onChange={() => setParams({ repository: typed.trim() || undefined })}
      />
    </label>
  );
}
