import { computed } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { LatencyChart, ThroughputChart } from '../../charts/station/deliveries.tsx';
import { useAsked } from '../../live/asked.ts';
import { client, status } from '../../live/live.ts';
import { ActButton } from '../../parts/act-button.tsx';
import { Fold } from '../../parts/fold.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Table } from '../../parts/table.tsx';
import { Name, State } from '../../parts/text.tsx';
import { nowMs as clockMs } from '../../parts/time.tsx';
import { Totals } from '../../parts/totals.tsx';
import { count, number } from '../../parts/words.ts';
import { hrefOf } from '../../router/router.ts';
import { retry } from './acts.ts';

const MINUTE_MS = 60_000;

/** How many files are where, what was delivered over the last day and how fast, and what has failed by its cause. */
export function Overview() {
  return (
    <>
      <Panel title="Deliveries" class="overview">
        <div class="summary">
          <DeliveryFigures />
          <ActButton act={deliverNow} kind="plain">
            Deliver what waits now
          </ActButton>
        </div>
        <Fold name="charts" title="Throughput and latency">
          <Charts />
        </Fold>
      </Panel>
      <Causes />
    </>
  );
}

function Charts() {
  // As fine as the charts are: they are not made anew each second.
  const nowMs = useMemo(() => computed(() => Math.floor(clockMs.value / MINUTE_MS) * MINUTE_MS), []).value;
  return (
    <div class="columns">
      <ThroughputChart nowMs={nowMs} isSmall />
      <LatencyChart nowMs={nowMs} isSmall />
    </div>
  );
}

function DeliveryFigures() {
  const now = status.value;
  if (!now)
    return (
      <div>
        <Totals facts={undefined} />
        <p class="note">…</p>
      </div>
    );
  const { deliveries, links } = now;
  const facts = [
    ['on their way', deliveries.incoming + deliveries.processing],
    ['uploading now', deliveries.uploading],
    ['waiting', deliveries.waiting],
    ['failed', deliveries.failed],
    ['delivered', deliveries.completed],
  ] as const;
  const words = links.map(({ endpoint, state }) => `${endpoint} is ${state}`).join('; ');
  return (
    <div>
      <Totals facts={facts.map(([name, value]) => [name, number(value)] as const)} />
      <p class="note">{words === '' ? 'No destination was used yet.' : `${words}.`}</p>
    </div>
  );
}

async function deliverNow(): Promise<string> {
  const { delivered, failed, waiting, held, unfinished } = await client.syncDeliveries();
  const places = held.map(({ kind, place, message }) => ` ${kind} ${place}: ${message}.`);
  const rest = unfinished ? ` The station goes on with ${count(unfinished.files, 'file')}.` : '';
  return `${count(delivered, 'file')} delivered, ${number(failed)} failed, ${number(waiting)} wait.${places.join('')}${rest}`;
}

/** What failed or is tried again, by its cause; nothing where all flows. */
function Causes() {
  const asked = useAsked(
    signal => client.listTroubles({}, { signal }),
    [],
    ['deliveries', 'troubleBegun', 'troubleEnded'],
  );
  const causes = asked.value?.troubles.filter(({ kind }) => kind === 'delivery') ?? [];
  if (causes.length === 0 && !asked.error) return null;
  return (
    <Panel title="Failed, by cause" error={asked.error}>
      <Table
        id="causes"
        caption="What failed or is tried again, by cause"
        items={causes}
        keyOf={({ stage, code }) => `${stage} ${code}`}
        empty=""
        columns={[
          {
            title: 'Cause',
            kind: 'main',
            cell: ({ code, example, hint, isWaiting }) => (
              <>
                <State kind={isWaiting ? 'warn' : 'bad'}>{code}</State> <Name>{example}</Name>{' '}
                <span class="quiet">({isWaiting ? 'tried again by itself' : 'gave up'})</span>
                <div class="quiet">{hint}</div>
              </>
            ),
          },
          {
            title: 'Files',
            kind: 'number',
            cell: ({ stage, code, count: files }) => (
              <a href={hrefOf('deliveries', { state: stage ?? undefined, cause: code ?? undefined })}>
                {count(files, 'file')}
              </a>
            ),
          },
          {
            title: 'Act',
            kind: 'act',
            cell: ({ code, stage, count: files }) =>
              stage === 'failed' && code !== null ? (
                <ActButton act={() => retry({ cause: code ?? undefined })} about={code}>
                  {`Retry all ${number(files)}`}
                </ActButton>
              ) : null,
          },
        ]}
      />
    </Panel>
  );
}
