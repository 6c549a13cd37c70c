// Is everything flowing, what is stuck and why, what happens next: gather, keep, deliver at a glance.

import { useAsked } from '../live/asked.ts';
import { client, status } from '../live/live.ts';
import { Panel } from '../parts/panel.tsx';
import { BakeForm } from './now/bake-form.tsx';
import { Bakes } from './now/bakes.tsx';
import { Fleet } from './now/fleet.tsx';
import { Flow } from './now/flow.tsx';
import { Hosts } from './now/hosts.tsx';
import { Next } from './now/next.tsx';
import { Stuck } from './now/stuck.tsx';
import { Verdict } from './now/verdict.tsx';

export function NowPage() {
  const troubles = useAsked(
    async signal => (await client.listTroubles({}, { signal })).troubles,
    [],
    ['troubleBegun', 'troubleEnded', 'status', 'deliveries'],
  );
  const pauses = useAsked(async signal => (await client.listPauses({}, { signal })).pauses, [], ['status']);
  return (
    <>
      <Verdict troubles={troubles.value} pauses={pauses.value} />
      <Flow />
      <Panel title="Stuck, and why" error={troubles.error} id="stuck">
        <Stuck troubles={troubles.value} pauses={pauses.value ?? []} />
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
          <Hosts hosts={status.value.changesets.hosts} pauses={pauses.value ?? []} />
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
