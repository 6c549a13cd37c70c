// All repositories that are known: how they are, what their clones take, when they are looked at next and why.
import { client, status } from '../live/live.ts';
import { BakeForm } from '../parts/bake-form.tsx';
import { Filters } from '../parts/filters.tsx';
import type { ListColumn } from '../parts/list/column.ts';
import { List } from '../parts/list/list.tsx';
import { Panel } from '../parts/panel.tsx';
import { Ago } from '../parts/time.tsx';
import { Totals } from '../parts/totals.tsx';
import { bytes, number, shortUrl } from '../parts/words.ts';
import { hrefOf } from '../router/router.ts';
import { ACTIONS } from './repositories/acts.ts';
import {
  Clone,
  News,
  NextLook,
  type Repository,
  RepositoryName,
  RepositoryState,
} from './repositories/repository.tsx';

const SHOW = [
  ['', 'all'],
  ['tracked', 'tracked'],
  ['untracked', 'not tracked'],
  ['failing', 'failing'],
] as const;

const FIELDS = [
  { name: 'search', label: 'Address' },
  { name: 'show', label: 'Show', options: SHOW },
] as const;

type Order = 'change' | 'commits' | 'size' | 'url';

const COLUMNS: readonly ListColumn<Repository, Order>[] = [
  {
    title: 'Repository',
    kind: 'main',
    width: 'minmax(0, 5fr)',
    order: { by: 'url', descends: false },
    cell: repository => <RepositoryName repository={repository} />,
  },
  {
    title: 'State',
    width: 'minmax(0, 2fr)',
    cell: repository => <RepositoryState repository={repository} />,
  },
  {
    title: 'Commits',
    kind: 'number',
    width: '4.5rem',
    order: { by: 'commits', descends: true },
    isLabelled: true,
    cell: ({ commits }) => number(commits),
  },
  {
    title: 'Last commit',
    width: '6.75rem',
    order: { by: 'change', descends: true },
    cell: ({ lastCommitAt }) => <Ago at={lastCommitAt} />,
  },
  { title: 'News', width: '5.5rem', isSpare: true, cell: repository => <News repository={repository} /> },
  {
    title: 'Clone',
    width: '9.5rem',
    order: { by: 'size', descends: true },
    isSpare: true,
    cell: repository => <Clone repository={repository} />,
  },
  {
    title: 'Next look',
    width: 'minmax(6rem, 1fr)',
    isSpare: true,
    cell: repository => <NextLook repository={repository} />,
  },
];

export function RepositoriesPage({ params }: { readonly params: URLSearchParams }) {
  const search = params.get('search') || undefined;
  const show = SHOW.map(([value]) => value).find(value => value !== '' && value === params.get('show'));
  const now = status.value;
  return (
    <Panel title="Repositories">
      {now ? (
        <Totals
          facts={[
            ['known', number(now.repos.known)],
            ['tracked', <Narrowed key="tracked" show="tracked" amount={now.repos.tracked} />],
            ['failing', <Narrowed key="failing" show="failing" amount={now.repos.failing} />],
            ['commits', number(now.repos.commits)],
            ['clones', `${number(now.cache.clones)} · ${bytes(now.cache.usedBytes)}`],
          ]}
        />
      ) : (
        <Totals facts={undefined} />
      )}
      <BakeForm />
      <Filters fields={FIELDS} params={params} />
      <List<Repository, Order>
        label="Repositories"
        words={['repository', 'repositories']}
        ask={async ({ reverse, ...part }, signal) => {
          const asked = { search, show: show || undefined, ...part };
          const direction = reverse ? ('true' as const) : ('false' as const);
          const { repositories, total } = await client.listRepositories(
            { ...asked, reverse: direction },
            { signal },
          );
          return { rows: repositories, total };
        }}
        about={[search, show]}
        topics={['runBegun', 'runEnded', 'status']}
        keyOf={({ url }) => url}
        titleOf={({ url }) => shortUrl(url)}
        hrefOf={({ url }) => hrefOf('repository', { url })}
        columns={COLUMNS}
        actions={ACTIONS}
        order="change"
        params={params}
        empty="No repository fits. Bake one above, or list some under repos in the configuration."
      />
    </Panel>
  );
}

/** A figure that leads to what it counts. */
function Narrowed({ show, amount }: { readonly show: string; readonly amount: number }) {
  return <a href={hrefOf('repositories', { show })}>{number(amount)}</a>;
}
