// Is everything flowing, what is stuck and why, what happens next: gather, keep, deliver at a glance.

import { useAsked } from '../live/asked.ts';
import { client, status } from '../live/live.ts';
import { BakeForm } from '../parts/bake-form.tsx';
import { Hosts, hostRows } from '../parts/hosts.tsx';
import { Panel } from '../parts/panel.tsx';
import { usePauses } from '../parts/pauses.ts';
import { Bakes } from './now/bakes.tsx';
import { Fleet } from './now/fleet.tsx';
import { Flow } from './now/flow.tsx';
import { Next } from './now/next.tsx';
import { Stuck } from './now/stuck.tsx';
import { Verdict } from './now/verdict.tsx';

export function NowPage() {
  const stuck = useAsked(
    signal => client.listStuck({}, { signal }),
    [],
    ['troubleBegun', 'troubleEnded', 'status', 'deliveries'],
  );
  const pauses = usePauses();
  return (
    <>
      <Verdict stuck={stuck.value?.stuck} pauses={pauses.value} error={stuck.error} />
      <Flow />
      <Panel title="Stuck, and why" error={stuck.error} id="stuck">
        {stuck.value || !stuck.error ? <Stuck answer={stuck.value} /> : null}
      </Panel>
      <div class="columns">
        <Panel title="Running now, and next" class="plain">
          <Next />
        </Panel>
        <Panel title="Recent bakes" class="plain">
          <Bakes />
          <BakeForm />
        </Panel>
      </div>
      {status.value && status.value.changesets.hosts.length > 0 ? (
        <Panel title="Code hosts" class="plain">
          <Hosts rows={hostRows(status.value.changesets.hosts, pauses.value ?? [])} />
        </Panel>
      ) : null}
      {status.value && status.value.stations.length > 1 ? (
        <Panel title="Stations" class="plain" id="stations">
          <Fleet stations={status.value.stations} />
        </Panel>
      ) : null}
    </>
  );
}
