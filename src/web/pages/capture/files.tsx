// Finished files of readings: each from its collector to its object.
import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Drawer } from '../../parts/drawer.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Filters } from '../../parts/filters.tsx';
import type { ListColumn } from '../../parts/list/column.ts';
import { List } from '../../parts/list/list.tsx';
import { Pending } from '../../parts/panel.tsx';
import { Name, State } from '../../parts/text.tsx';
import { Ago } from '../../parts/time.tsx';
import { bytes, count, number, span } from '../../parts/words.ts';
import { hrefOf, openBeside, setParams } from '../../router/router.ts';

type CaptureFile = Answer<'listCaptureFiles'>['files'][number];

const REASONS: Readonly<Record<CaptureFile['reason'], string>> = {
  size: 'it was full',
  age: 'it was old enough',
  sync: 'before a sync',
  stop: 'the collector stopped',
  binary: 'a reading of its own',
  recovered: 'recovered after a crash',
};

const COLUMNS: readonly ListColumn<CaptureFile, 'newest'>[] = [
  {
    title: 'File',
    kind: 'main',
    width: 'minmax(0, 1fr)',
    cell: ({ collector, filepath }) => (
      <span class="titled" title={filepath}>
        <b>
          <Name>{collector}</Name>
        </b>
        <Name>{filepath}</Name>
      </span>
    ),
  },
  {
    title: 'Completed',
    width: '13rem',
    order: { by: 'newest', descends: true },
    cell: ({ completedAt, reason }) => (
      <>
        <Ago at={completedAt} /> <span class="quiet aside">{REASONS[reason]}</span>
      </>
    ),
  },
  {
    title: 'Readings',
    kind: 'number',
    width: '5rem',
    isLabelled: true,
    cell: ({ readings }) => number(readings),
  },
  { title: 'Size', kind: 'number', width: '5rem', isSpare: true, cell: ({ bytes: size }) => bytes(size) },
  { title: 'Object', width: '11rem', cell: file => <Arrival file={file} /> },
];

/** The files of all collectors, or of one. */
export function CaptureFiles({
  params,
  collectors,
}: {
  readonly params: URLSearchParams;
  readonly collectors: readonly string[];
}) {
  const collector = params.get('collector') || undefined;
  const known =
    collector === undefined || collectors.includes(collector) ? collectors : [...collectors, collector];
  const id = params.get('file') ?? undefined;
  return (
    <>
      <Filters
        params={params}
        fields={[
          {
            name: 'collector',
            label: 'Collector',
            options: [['', 'all'], ...known.map(name => [name, name] as const)],
          },
        ]}
      />
      <List<CaptureFile, 'newest'>
        label="Files of readings"
        words={['file', 'files']}
        ask={async ({ offset, limit, reverse }, signal) => {
          const asked = {
            collector,
            offset,
            limit,
            reverse: reverse ? ('true' as const) : ('false' as const),
          };
          const { files, total } = await client.listCaptureFiles(asked, { signal });
          return { rows: files, total };
        }}
        about={[collector]}
        topics={['deliveries', 'status']}
        keyOf={file => String(file.id)}
        titleOf={({ filepath }) => filepath}
        hrefOf={file => hrefOf('capture', { ...Object.fromEntries(params), file: String(file.id) })}
        columns={COLUMNS}
        actions={[]}
        order="newest"
        params={params}
        open={file => openBeside('file', String(file.id))}
        openKey={id}
        close={() => setParams({ file: undefined })}
        empty="No file is complete yet: one is at 256 KiB, at its largest age, or before a sync."
      />
      {id === undefined ? null : <OneFile key={id} id={id} />}
    </>
  );
}

/** What became of it. */
function Arrival({ file: { state, deliveredAt, lostAt } }: { readonly file: CaptureFile }) {
  if (lostAt !== null)
    return (
      <>
        <State kind="bad">lost</State>{' '}
        <span class="quiet">
          <Ago at={lostAt} />
        </span>
      </>
    );
  if (deliveredAt === null)
    return <State kind={state === 'failed' ? 'bad' : 'busy'}>{state ?? 'not taken up yet'}</State>;
  return (
    <>
      <State kind="good">delivered</State>{' '}
      <span class="quiet">
        <Ago at={deliveredAt} />
      </span>
    </>
  );
}

/** One file beside the list: its way from the collector to the object. */
function OneFile({ id }: { readonly id: string }) {
  const asked = useAsked(
    signal => client.getCaptureFile({ id: Number(id) }, { signal }),
    [id],
    ['deliveries'],
  );
  return (
    <Drawer title="One file of readings" close={() => setParams({ file: undefined })}>
      {asked.error || !asked.value ? <Pending error={asked.error} /> : null}
      {asked.value ? <InFull file={asked.value} /> : null}
    </Drawer>
  );
}

function InFull({ file }: { readonly file: CaptureFile }) {
  const { collector, method, profile, bucket, filepath, readings, objectKey, recordId, station } = file;
  const { firstAt, lastAt, intervalMs, tags, reason, completedAt } = file;
  const object = `s3://${profile}/${bucket}/${objectKey}`;
  const facts = [
    ['collector', <Name key="collector">{`${collector}, by ${method} at ${station}`}</Name>],
    ['every', intervalMs === null ? 'each message' : span(intervalMs)],
    ['tags', tags.length === 0 ? null : <Name key="tags">{tags.join(', ')}</Name>],
    ['readings', `${count(readings, 'reading')} in ${bytes(file.bytes)}`],
    ['over', span(Date.parse(lastAt) - Date.parse(firstAt))],
    [
      'first, last',
      <>
        <Ago at={firstAt} />, <Ago at={lastAt} />
      </>,
    ],
    [
      'complete',
      <>
        <Ago at={completedAt} />: {REASONS[reason]}
      </>,
    ],
    ['object', objectKey === null ? null : <Name key="object">{object}</Name>],
  ] as const;
  return (
    <>
      <p class="subject">
        <Name>{filepath}</Name>
      </p>
      <p>
        <Arrival file={file} />
      </p>
      <p class="row">
        {recordId === null ? null : <a href={hrefOf('deliveries', { id: String(recordId) })}>Its delivery</a>}
        <CopyButton text={objectKey ?? filepath} kind="plain">
          {objectKey === null ? 'Copy path' : 'Copy key'}
        </CopyButton>
      </p>
      <Facts facts={facts} />
    </>
  );
}
