// Collectors: whether each runs, how well it keeps its pace, and what came of its files.
import type { Answer } from '../../../client/index.ts';
import { Table } from '../../parts/table.tsx';
import { Name, State, type StateKind } from '../../parts/text.tsx';
import { Ago } from '../../parts/time.tsx';
import { bytes, count, number, span } from '../../parts/words.ts';
import { hrefOf } from '../../router/router.ts';

export type Collector = Answer<'getCapture'>['collectors'][number];

const EXAMPLE =
  'capture: {collectors: [{name: load, every: 1s, exec: [cat, /proc/loadavg], format: text, to: s3://local/outbox/readings}]}';

export function Collectors({ collectors }: { readonly collectors: readonly Collector[] | undefined }) {
  return (
    <Table
      id="collectors"
      caption="Collectors"
      items={collectors}
      keyOf={({ name }) => name}
      empty={
        <>
          Nothing is captured. List collectors in sluice.yaml, such as <code>{EXAMPLE}</code>.
        </>
      }
      columns={[
        { title: 'Collector', kind: 'main', cell: collector => <Title collector={collector} /> },
        { title: 'Every', cell: collector => <Pace collector={collector} /> },
        { title: 'Readings', kind: 'number', cell: collector => <Readings collector={collector} /> },
        { title: 'Missed', kind: 'number', cell: collector => <Missed collector={collector} /> },
        { title: 'Last reading', cell: ({ lastReadingAt }) => <Ago at={lastReadingAt} /> },
        {
          title: 'In progress',
          cell: ({ progress }) => `${number(progress.readings)} in ${bytes(progress.bytes)}`,
        },
        { title: 'Files', kind: 'number', cell: collector => <Files collector={collector} /> },
      ]}
    />
  );
}

/** Its last try was an error. Pure. */
function isFailing({ lastError, lastReadingAt }: Collector): boolean {
  return lastError !== null && lastError.failedAt > (lastReadingAt ?? '');
}

function stateOf(collector: Collector): readonly [words: string, kind: StateKind] {
  if (collector.disabled) return ['rests', ''];
  return isFailing(collector) ? ['failing', 'bad'] : ['runs', 'good'];
}

function Title({ collector }: { readonly collector: Collector }) {
  const { name, method, lastError, writeError, errors } = collector;
  const [words, kind] = stateOf(collector);
  return (
    <>
      <span class="name">
        <Name>{name}</Name>
      </span>{' '}
      {method} <State kind={kind}>{words}</State>
      {lastError ? (
        <div class={isFailing(collector) ? 'error' : 'quiet'}>
          {count(errors, 'error')}, the last <Ago at={lastError.failedAt} />: <Name>{lastError.message}</Name>
        </div>
      ) : null}
      {writeError ? (
        <div class="error">
          not written <Ago at={writeError.failedAt} />: <Name>{writeError.message}</Name>
        </div>
      ) : null}
    </>
  );
}

function Pace({ collector: { everyMs, perSecond } }: { readonly collector: Collector }) {
  return (
    <div>
      {everyMs === null ? 'each message' : span(everyMs).replace('.0s', 's')}
      <div class="quiet">{number(perSecond)}/s</div>
    </div>
  );
}

function Readings({ collector }: { readonly collector: Collector }) {
  const { readings, filtered, unwritten, lost } = collector;
  return (
    <div>
      {number(readings)}
      {filtered > 0 ? <div class="quiet">{number(filtered)} filtered out</div> : null}
      {unwritten > 0 ? (
        <div>
          <State kind="warn">{`${number(unwritten)} wait for the disk`}</State>
        </div>
      ) : null}
      {lost > 0 ? (
        <div>
          <State kind="bad">{`${number(lost)} lost`}</State>
        </div>
      ) : null}
    </div>
  );
}

function Missed({ collector: { missed, latestByMs } }: { readonly collector: Collector }) {
  return (
    <div>
      {missed > 0 ? <State kind="warn">{number(missed)}</State> : '0'}
      {latestByMs === null ? null : <div class="quiet">{span(latestByMs)} late at most</div>}
    </div>
  );
}

function Files({ collector: { name, kept } }: { readonly collector: Collector }) {
  if (!kept) return <>none</>;
  return (
    <div>
      <a href={hrefOf('capture', { collector: name })}>
        {number(kept.files)}, {bytes(kept.bytes)}
      </a>
      <div class="quiet">
        {number(kept.delivered)} delivered{' '}
        {kept.lost > 0 ? <State kind="bad">{`${number(kept.lost)} lost`}</State> : null}
      </div>
    </div>
  );
}
