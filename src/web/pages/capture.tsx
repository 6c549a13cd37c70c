// Readings: which collectors run and how well, what waits, what would give way on a full disk, and each file's way to
// its object.
import { computed } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Answer } from '../../client/index.ts';
import { ReadingsChart } from '../charts/station/readings.tsx';
import { useAsked } from '../live/asked.ts';
import { client } from '../live/live.ts';
import { Fold } from '../parts/fold.tsx';
import { Panel } from '../parts/panel.tsx';
import { Ago, nowMs as clockMs } from '../parts/time.tsx';
import { Totals } from '../parts/totals.tsx';
import { bytes, number } from '../parts/words.ts';
import { Collectors } from './capture/collectors.tsx';
import { Disk } from './capture/disk.tsx';
import { CaptureFiles } from './capture/files.tsx';

type Capture = Answer<'getCapture'>;

const MINUTE_MS = 60_000;

export function CapturePage({ params }: { readonly params: URLSearchParams }) {
  const asked = useAsked(signal => client.getCapture({}, { signal }), [], ['status', 'deliveries']);
  const nowMs = useMemo(() => computed(() => Math.floor(clockMs.value / MINUTE_MS) * MINUTE_MS), []).value;
  const collectors = asked.value?.collectors;
  return (
    <>
      <Panel title="Capture" error={asked.error}>
        {asked.value ? <CaptureFigures capture={asked.value} /> : <Totals facts={undefined} />}
        {collectors?.length === 0 ? null : (
          <Fold name="charts" title="Readings over time">
            <ReadingsChart nowMs={nowMs} />
          </Fold>
        )}
        {asked.value || !asked.error ? <Collectors collectors={collectors} /> : null}
      </Panel>
      <Disk />
      <Panel title="Files of readings">
        <CaptureFiles params={params} collectors={(collectors ?? []).map(({ name }) => name)} />
      </Panel>
    </>
  );
}

function CaptureFigures({ capture: { enabled, collectors, lost, waiting } }: { readonly capture: Capture }) {
  const sum = (of: (one: Capture['collectors'][number]) => number): number =>
    collectors.reduce((all, one) => all + of(one), 0);
  const facts = [
    ['readings since the start', sum(({ readings }) => readings)],
    ['ticks missed', sum(({ missed }) => missed)],
    ['files waiting to be delivered', waiting.files],
    ['readings lost on a full disk', lost.readings + lost.unwritten],
  ] as const;
  return (
    <>
      <Totals facts={facts.map(([name, value]) => [name, number(value)] as const)} />
      <p class="note">
        {waiting.oldestAt === null ? (
          enabled ? (
            'No file waits.'
          ) : (
            'Capture is off.'
          )
        ) : (
          <>
            {bytes(waiting.bytes)} wait, the oldest file since <Ago at={waiting.oldestAt} />.
          </>
        )}
      </p>
    </>
  );
}
