// Who wrote it: how many it hangs on, and who they are.
import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { count, number } from '../../parts/words.ts';
import { hrefOf } from '../../router/router.ts';
import { ChartFrame } from '../chart-frame.tsx';
import { questionOf } from '../range.ts';
import { type Source, useLast } from '../scope.ts';
import { HISTORY_TOPICS, type HistoryProps, historyOf } from './activity.tsx';

type Author = Answer<'getAuthors'>['authors'][number];
type Few = Answer<'getBusFactor'>['people'];

const AUTHORS = 15;

export function PeopleChart({ scope, sources, filter }: HistoryProps) {
  return (
    <div class="side-by-side">
      {sources.map((source, at) => (
        <People
          key={source.url}
          id={at === 0 ? 'authors' : `authors-${at + 1}`}
          title={sources.length > 1 ? `Who wrote ${source.name}` : 'Who wrote it'}
          source={source}
          scope={scope}
          filter={filter}
        />
      ))}
    </div>
  );
}

function People(
  props: Pick<HistoryProps, 'scope' | 'filter'> & {
    readonly id: string;
    readonly title: string;
    readonly source: Source;
  },
) {
  const { id, title, source, scope, filter } = props;
  const { since, until } = questionOf(scope.range, 'day');
  const asked = useAsked(
    async signal => {
      const given = { ...historyOf(source, filter), since, until };
      const [{ authors }, { people }] = await Promise.all([
        client.getAuthors({ ...given, limit: AUTHORS }, { signal }),
        client.getBusFactor(given, { signal }),
      ]);
      return { authors, few: people };
    },
    [source.url, since, until, filter.withoutBots, filter.path],
    HISTORY_TOPICS,
  );
  const { authors = [], few = [] } = useLast(asked.value, source.url ?? '') ?? {};
  return (
    <ChartFrame
      id={id}
      title={title}
      words={busFactorWords(few)}
      figures={
        authors.length > 0
          ? {
              columns: ['name', 'e-mail', 'commits', 'added', 'removed', 'first commit', 'last commit'],
              rows: authors.map(author => [
                author.name,
                author.email,
                author.commits,
                author.added,
                author.removed,
                author.firstCommitAt,
                author.lastCommitAt,
              ]),
            }
          : undefined
      }
      hasPicture={false}
      error={asked.error}
      isAsking={!asked.value && !asked.error}
      empty="No commits in this time."
    >
      <Bars authors={authors} endMs={scope.range.toMs} />
      <Same authors={authors} />
    </ChartFrame>
  );
}

/** `Bus factor 2: 2 people wrote 61 % of the commits.` Pure. */
function busFactorWords(few: Few): string {
  if (few.length === 0) return '';
  const share = Math.round(few.reduce((sum, person) => sum + person.share, 0) * 100);
  return `Bus factor ${few.length}: ${count(few.length, 'person', 'people')} wrote ${share} % of the commits.`;
}

/** Who has not committed for so long by the end of the time that is shown counts as lost, as among contributors. */
const LOST_MS = 90 * 86_400_000;

function Bars({ authors, endMs }: { readonly authors: readonly Author[]; readonly endMs: number }) {
  const most = Math.max(1, ...authors.map(({ commits }) => commits));
  return (
    <ol class="ranked">
      {authors.map(({ name, email, commits, lastCommitAt }) => {
        const isLost = lastCommitAt !== null && endMs - Date.parse(lastCommitAt) > LOST_MS;
        return (
          <li key={`${name}\n${email}`}>
            <span class="name" title={email} dir="auto">
              {name || email || '(no name)'}
            </span>
            <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
              <rect class={isLost ? 'mark-gone' : 'mark-1'} width={(commits / most) * 100} height="10" />
            </svg>
            <span class="value">{number(commits)}</span>
            <span class="quiet">
              {lastCommitAt === null ? '' : `last on ${lastCommitAt.slice(0, 10)}`}
              {isLost ? ', lost' : ''}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** The same e-mail under several names: says where they are made one. */
function Same({ authors }: { readonly authors: readonly Author[] }) {
  const same = [...Map.groupBy(authors, ({ email }) => email.trim().toLowerCase())].find(
    ([email, some]) => email !== '' && some.length > 1,
  );
  if (!same) return null;
  const [email, some] = same;
  return (
    <p class="note">
      {some.map(({ name }) => name).join(' and ')} have the same e-mail, and count as one person above.{' '}
      <a href={hrefOf('people', { search: email })}>Merge them</a>
    </p>
  );
}
