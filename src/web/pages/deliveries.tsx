// Files on their way: where each is, what happened to it, when it is tried again; what has failed, by its cause.
import { useMemo } from 'preact/hooks';
import { client } from '../live/live.ts';
import { Filters } from '../parts/filters.tsx';
import type { ListColumn } from '../parts/list/column.ts';
import { List } from '../parts/list/list.tsx';
import { Panel } from '../parts/panel.tsx';
import { Ago } from '../parts/time.tsx';
import { bytes, number } from '../parts/words.ts';
import { hrefOf, openBeside, setParams } from '../router/router.ts';
import { actionsFor, type DeliveryFilter } from './deliveries/acts.ts';
import { type Delivery, DeliveryState, FileName, NextTry, pathOf } from './deliveries/delivery.tsx';
import { OneDelivery } from './deliveries/one-delivery.tsx';
import { Overview } from './deliveries/overview.tsx';

const STATES = [
  ['', 'all'],
  ['waiting', 'on their way'],
  ['failed', 'failed'],
  ['completed', 'delivered'],
  ['incoming', 'incoming'],
  ['processing', 'processing'],
] as const;

const FIELDS = [
  { name: 'search', label: 'Profile, bucket or path' },
  { name: 'state', label: 'State', options: STATES },
  { name: 'cause', label: 'Cause' },
] as const;

type Order = 'newest' | 'path' | 'size' | 'change';

const COLUMNS: readonly ListColumn<Delivery, Order>[] = [
  {
    title: 'File',
    kind: 'main',
    width: 'minmax(0, 1fr)',
    order: { by: 'path', descends: false },
    cell: delivery => <FileName delivery={delivery} />,
  },
  { title: 'State', width: '12rem', cell: delivery => <DeliveryState delivery={delivery} /> },
  {
    title: 'Tries',
    kind: 'number',
    width: '3rem',
    isLabelled: true,
    cell: ({ attempts }) => number(attempts),
  },
  {
    title: 'Size',
    kind: 'number',
    width: '5rem',
    order: { by: 'size', descends: true },
    isSpare: true,
    cell: ({ bytes: size }) => bytes(size),
  },
  { title: 'Next try', width: '8rem', isSpare: true, cell: delivery => <NextTry delivery={delivery} /> },
  {
    title: 'Changed',
    width: '6.5rem',
    order: { by: 'change', descends: true },
    cell: ({ updatedAt }) => <Ago at={updatedAt} />,
  },
];

export function DeliveriesPage({ params }: { readonly params: URLSearchParams }) {
  const filter = filterOf(params);
  const about = [filter.search, filter.state, filter.cause, filter.profile, filter.bucket];
  const actions = useMemo(() => actionsFor(filter), about);
  const id = params.get('id') ?? undefined;
  return (
    <>
      <Overview />
      <Panel title="Files">
        <Filters fields={FIELDS} params={params} />
        <List<Delivery, Order>
          label="Files"
          words={['file', 'files']}
          ask={async (part, signal) => {
            const { reverse, ...rest } = part;
            const asked = { ...filter, ...rest, reverse: reverse ? ('true' as const) : ('false' as const) };
            const { deliveries, total } = await client.listDeliveries(asked, { signal });
            return { rows: deliveries, total };
          }}
          about={about}
          topics={['deliveries']}
          keyOf={({ id: one }) => String(one)}
          titleOf={pathOf}
          hrefOf={({ id: one }) => hrefOf('deliveries', { ...Object.fromEntries(params), id: String(one) })}
          columns={COLUMNS}
          actions={actions}
          order="newest"
          params={params}
          open={({ id: one }) => openBeside('id', String(one))}
          openKey={id}
          close={() => setParams({ id: undefined })}
          empty="No file fits. What is put into incoming/PROFILE/BUCKET/ of the station’s folder is delivered."
        />
      </Panel>
      {id === undefined ? null : <OneDelivery key={id} id={id} />}
    </>
  );
}

/** What the address narrows the list by. Pure. */
function filterOf(params: URLSearchParams): DeliveryFilter {
  const given = (name: string): string | undefined => params.get(name) || undefined;
  const state = STATES.map(([value]) => value).find(value => value !== '' && value === params.get('state'));
  return {
    search: given('search'),
    state: state || undefined,
    cause: given('cause'),
    profile: given('profile'),
    bucket: given('bucket'),
  };
}
