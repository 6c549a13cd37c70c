// Pull and merge requests: what is open and for how long, which is synced when and why, and by hand.
import { useMemo } from 'preact/hooks';
import { client, status } from '../live/live.ts';
import { Filters } from '../parts/filters.tsx';
import { Hosts, hostRows } from '../parts/hosts.tsx';
import type { ListColumn } from '../parts/list/column.ts';
import { List } from '../parts/list/list.tsx';
import { Panel } from '../parts/panel.tsx';
import { usePauses } from '../parts/pauses.ts';
import { Name } from '../parts/text.tsx';
import { Ago } from '../parts/time.tsx';
import { count, number } from '../parts/words.ts';
import { hrefOf, openBeside, setParams } from '../router/router.ts';
import { actionsFor, type ChangesetFilter } from './changesets/acts.ts';
import { type Changeset, ChangesetState, ChangesetTitle, NextSync, nameOf } from './changesets/changeset.tsx';
import { OpenNow, ReviewAndMerging } from './changesets/figures.tsx';
import { FollowForm } from './changesets/follow-form.tsx';
import { OneChangeset } from './changesets/one-changeset.tsx';

const SHOW = [
  ['', 'open and drafts'],
  ['open', 'open'],
  ['draft', 'drafts'],
  ['waiting', 'waiting for review'],
  ['stale', 'stale: 14 days without a change'],
  ['failing', 'last sync failed'],
  ['over', 'merged, closed, deleted'],
  ['new', 'never synced'],
  ['all', 'all'],
] as const;

const CHOICES: Readonly<Record<(typeof SHOW)[number][0], ChangesetFilter>> = {
  '': { state: 'open,draft' },
  open: { state: 'open' },
  draft: { state: 'draft' },
  waiting: { review: 'waiting' },
  stale: { idleDays: 14 },
  failing: { failing: 'true' },
  over: { state: 'merged,closed,deleted' },
  new: { state: 'new' },
  all: {},
};

const FIELDS = [
  { name: 'search', label: 'Title or address' },
  { name: 'repository', label: 'Repository' },
  { name: 'author', label: 'Author' },
  { name: 'show', label: 'Show', options: SHOW },
] as const;

type Order = 'id' | 'idle' | 'opened';

const COLUMNS: readonly ListColumn<Changeset, Order>[] = [
  {
    title: 'Changeset',
    kind: 'main',
    width: 'minmax(0, 5fr)',
    cell: changeset => <ChangesetTitle changeset={changeset} />,
  },
  { title: 'State', width: 'minmax(0, 2.6fr)', cell: changeset => <ChangesetState changeset={changeset} /> },
  {
    title: 'Author',
    width: '5rem',
    isSpare: true,
    cell: ({ author }) => (author === null ? '–' : <Name>{author}</Name>),
  },
  {
    title: 'Opened',
    width: '6.5rem',
    order: { by: 'opened', descends: false },
    isSpare: true,
    cell: ({ createdAt }) => <Ago at={createdAt} />,
  },
  {
    title: 'Changed',
    width: '6.5rem',
    order: { by: 'idle', descends: false },
    cell: ({ updatedAt }) => <Ago at={updatedAt} />,
  },
  {
    title: 'Next sync',
    width: 'minmax(6rem, 1fr)',
    isSpare: true,
    cell: changeset => <NextSync changeset={changeset} />,
  },
];

export function ChangesetsPage({ params }: { readonly params: URLSearchParams }) {
  const filter = filterOf(params);
  const about = [filter.search, filter.repository, filter.author, params.get('show') ?? ''];
  const actions = useMemo(() => actionsFor(filter), about);
  const url = params.get('url') ?? undefined;
  return (
    <>
      <OpenNow repository={filter.repository} />
      <ReviewAndMerging repository={filter.repository} />
      <CodeHosts />
      <Panel title="Changesets">
        <FollowForm />
        <Filters fields={FIELDS} params={params} />
        <List<Changeset, Order>
          label="Changesets"
          words={['changeset', 'changesets']}
          ask={async ({ reverse, ...part }, signal) => {
            const asked = { ...filter, ...part, reverse: reverse ? ('true' as const) : ('false' as const) };
            const { changesets, total } = await client.listChangesets(asked, { signal });
            return { rows: changesets, total };
          }}
          about={about}
          topics={['changesets', 'status']}
          keyOf={({ url: one }) => one}
          titleOf={nameOf}
          hrefOf={one => hrefOf('changesets', { ...Object.fromEntries(params), url: one.url })}
          columns={COLUMNS}
          actions={actions}
          order="idle"
          params={params}
          open={one => openBeside('url', one.url)}
          openKey={url}
          close={() => setParams({ url: undefined })}
          empty="No changeset fits. Follow one above by its address, or a repository or owner with changesets.follow in sluice.yaml."
        />
      </Panel>
      {url === undefined ? null : <OneChangeset key={url} url={url} />}
    </>
  );
}

/** What the address narrows the list by. Pure. */
function filterOf(params: URLSearchParams): ChangesetFilter {
  const given = (name: string): string | undefined => params.get(name) || undefined;
  const show = SHOW.find(([value]) => value === params.get('show'))?.[0] ?? '';
  return {
    ...CHOICES[show],
    search: given('search'),
    repository: given('repository'),
    author: given('author'),
  };
}

const GAPS_SHOWN = 5;

/** The hosts of changesets, and repositories of which no webhooks come; in full where something is to be seen to. */
function CodeHosts() {
  const pauses = usePauses();
  const { hosts = [], webhooksMissing = [] } = status.value?.changesets ?? {};
  const rows = hostRows(hosts, pauses.value ?? []);
  if (rows.length === 0) return null;
  const resting = rows.filter(({ figures, pause }) => pause || (figures && figures.state !== 'ok'));
  const stretched = hosts.filter(({ stretch }) => stretch > 1);
  const names = webhooksMissing.map(({ repository }) => repository);
  const more = names.length > GAPS_SHOWN ? ` and ${number(names.length - GAPS_SHOWN)} more` : '';
  const words = [
    count(rows.length, 'host'),
    resting.length > 0 ? `${number(resting.length)} not asked now` : 'all answer',
    stretched.length > 0 ? `intervals stretched at ${number(stretched.length)}` : '',
  ].filter(Boolean);
  return (
    <Panel title="Code hosts" error={pauses.error}>
      <details open={resting.length + stretched.length > 0}>
        <summary>{words.join(', ')}</summary>
        <Hosts rows={rows} />
      </details>
      {names.length > 0 ? (
        <p class="note">
          Webhooks seem not to arrive for <Name>{names.slice(0, GAPS_SHOWN).join(', ')}</Name>
          {more}.
        </p>
      ) : null}
    </Panel>
  );
}
