// What happened in repositories over time: commits, churn, who took part.
import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client, type Topic } from '../../live/live.ts';
import { count, number } from '../../parts/words.ts';
import type { Part } from '../columns.tsx';
import { PeriodChart } from '../period-chart.tsx';
import { type ChartScope, type Source, useLast } from '../scope.ts';
import { churnBehind, Unread } from './unread.tsx';

export interface HistoryProps {
  readonly scope: ChartScope;
  readonly sources: readonly Source[];
  readonly filter: HistoryFilter;
}

/** Which commits the charts are of. */
export interface HistoryFilter {
  readonly withoutBots: boolean;
  /** A glob: only those that changed such files; undefined: all. */
  readonly path: string | undefined;
}

/** When history may be another one. */
export const HISTORY_TOPICS: readonly Topic[] = ['runEnded'];

/** What every question about history is asked with. */
export function historyOf({ url }: Source, { withoutBots, path }: HistoryFilter) {
  return {
    ...(url === undefined ? {} : { repo: [url] }),
    ...(path === undefined ? {} : { path: [path] }),
    bots: withoutBots ? ('exclude' as const) : ('include' as const),
  };
}

type CommitsRow = Answer<'getMergeShare'>['periods'][number];
type ChurnRow = Answer<'getChurn'>['periods'][number];
type ContributorsRow = Answer<'getContributors'>['periods'][number];

const sumOf = <T,>(rows: readonly T[], of: (row: T) => number): number =>
  rows.reduce((sum, row) => sum + of(row), 0);

const COMMITS: readonly Part<CommitsRow>[] = [
  { name: 'commits', mark: 'mark-1', of: ({ commits, merges }) => commits - merges },
  { name: 'merges', mark: 'mark-1-pale', of: ({ merges }) => merges },
];

export function CommitsChart({ scope, sources, filter }: HistoryProps) {
  return (
    <PeriodChart
      id="commits"
      title="Commits"
      scope={scope}
      sources={sources}
      about={[filter.withoutBots, filter.path ?? false]}
      topics={HISTORY_TOPICS}
      ask={async (source, question, signal) =>
        (await client.getMergeShare({ ...historyOf(source, filter), ...question }, { signal })).periods
      }
      parts={COMMITS}
      words={rows => {
        const all = sumOf(rows, ({ commits }) => commits);
        const merges = sumOf(rows, each => each.merges);
        return `${count(all, 'commit')}, ${number(merges)} of them merges.`;
      }}
      isAny={({ commits }) => commits > 0}
      empty="No commits in this time."
    />
  );
}

const CHURN: readonly Part<ChurnRow>[] = [
  { name: 'lines added', mark: 'mark-1', of: ({ added }) => added },
  { name: 'lines removed', mark: 'mark-2', of: ({ removed }) => removed, isBelow: true },
];
const FILES: readonly Part<ChurnRow>[] = [{ name: 'changes of files', mark: '', of: ({ files }) => files }];

export function ChurnChart({ scope, sources, filter }: HistoryProps) {
  const unread = useUnread(sources);
  return (
    <PeriodChart
      id="churn"
      title="Lines changed"
      scope={scope}
      sources={sources}
      about={[filter.withoutBots, filter.path ?? false, String(churnBehind.value)]}
      topics={HISTORY_TOPICS}
      ask={async (source, question, signal) =>
        (await client.getChurn({ ...historyOf(source, filter), ...question }, { signal })).periods
      }
      parts={CHURN}
      also={FILES}
      words={(rows, source) => {
        const { isNone = false, words = '' } = unread?.get(source?.url) ?? {};
        if (isNone) return words;
        const [added, removed] = [sumOf(rows, each => each.added), sumOf(rows, each => each.removed)];
        const files = count(
          sumOf(rows, each => each.files),
          'change of a file',
          'changes of files',
        );
        return `${number(added)} lines added and ${number(removed)} removed in ${files}. ${words}`.trim();
      }}
      isAny={({ files }) => files > 0}
      empty={
        [...(unread?.values() ?? [])].some(each => each.words !== '') ? (
          <Unread />
        ) : (
          'Nothing was changed in this time.'
        )
      }
    />
  );
}

/** How much of what commits change has been read of each source, by its address: what is to be said of that. */
function useUnread(sources: readonly Source[]) {
  const urls = sources.map(({ url }) => url);
  const asked = useAsked(
    signal =>
      Promise.all(
        sources.map(async ({ url }) => {
          // Of the time alone that is yet to come: only what has not been read is wanted.
          const question = { by: 'month' as const, since: TO_COME };
          const repo = url === undefined ? {} : { repo: [url] };
          const { unread = [] } = await client.getChurn({ ...repo, ...question }, { signal });
          return [url, unreadOf(unread, url !== undefined)] as const;
        }),
      ),
    [churnBehind.value, ...urls],
    HISTORY_TOPICS,
  );
  const last = useLast(asked.value, urls.join('\n'));
  return last && new Map(last);
}

const TO_COME = '9999-01-01';

/** Pure. */
function unreadOf(unread: NonNullable<Answer<'getChurn'>['unread']>, isOne: boolean) {
  const none = unread.filter(({ state }) => state === 'none').length;
  if (isOne && none > 0) return { isNone: true, words: 'what commits changed has not been read.' };
  if (isOne)
    return { isNone: false, words: unread.length > 0 ? 'Not all of the history has been read yet.' : '' };
  const of = count(unread.length, 'repository', 'repositories');
  const words = unread.length > 0 ? `Of ${of} what commits changed has not, or not wholly, been read.` : '';
  return { isNone: false, words };
}

const CONTRIBUTORS: readonly Part<ContributorsRow>[] = [
  { name: 'stayed', mark: 'mark-1', of: row => row.active - row.new - row.returning },
  { name: 'returning', mark: 'mark-3', of: ({ returning }) => returning },
  { name: 'new', mark: 'mark-2', of: row => row.new },
  { name: 'lost', mark: 'mark-gone', of: ({ lost }) => lost, isBelow: true },
];
const ACTIVE: readonly Part<ContributorsRow>[] = [{ name: 'active', mark: '', of: ({ active }) => active }];

export function ContributorsChart({ scope, sources, filter }: HistoryProps) {
  return (
    <PeriodChart
      id="contributors"
      title="Contributors"
      scope={scope}
      sources={sources}
      about={[filter.withoutBots, filter.path ?? false]}
      topics={HISTORY_TOPICS}
      by={scope.by === 'day' ? 'week' : 'month'}
      ask={async (source, question, signal) =>
        (await client.getContributors({ ...historyOf(source, filter), ...question }, { signal })).periods
      }
      parts={CONTRIBUTORS}
      also={ACTIVE}
      legend={(rows, part) => (part.name === 'stayed' ? '' : number(sumOf(rows, part.of)))}
      words={rows => {
        const of = (name: 'new' | 'returning' | 'lost') => number(sumOf(rows, each => each[name]));
        const most = Math.max(0, ...rows.map(({ active }) => active));
        return `${of('new')} new, ${of('returning')} returning, ${of('lost')} lost: no commit for 90 days. ${number(most)} at most were active at once.`;
      }}
      isAny={({ active, lost }) => active + lost > 0}
      empty="Nobody was active in this time."
    />
  );
}
