// Which commits the charts of a history are of: chosen here, kept in the address.
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { TextField } from '../../parts/filters.tsx';
import { count, shortUrl } from '../../parts/words.ts';
import { setParams } from '../../router/router.ts';
import type { Source } from '../scope.ts';
import { HISTORY_TOPICS, type HistoryFilter, historyOf } from './activity.tsx';

/** What the address says. Pure. */
export function filterOf(params: URLSearchParams): HistoryFilter {
  return { withoutBots: params.get('bots') === 'exclude', path: params.get('path')?.trim() || undefined };
}

export function FilterControls({ filter }: { readonly filter: HistoryFilter }) {
  return (
    <>
      <label class="choice">
        <input
          type="checkbox"
          checked={filter.withoutBots}
          onChange={({ currentTarget: { checked } }) => setParams({ bots: checked ? 'exclude' : undefined })}
        />
        Leave out programs
      </label>
      <label class="compare" for="filter-path">
        Only files like
        <TextField name="path" value={filter.path ?? ''} placeholder="src/** or *.sql" />
      </label>
    </>
  );
}

/** Why charts of some files are empty or fall short; nothing where they are whole. */
export function PathWords({
  filter,
  sources,
}: {
  readonly filter: HistoryFilter;
  readonly sources: readonly Source[];
}) {
  const { path } = filter;
  const urls = sources.flatMap(({ url }) => url ?? []);
  const asked = useAsked(
    async signal =>
      path === undefined
        ? undefined
        : client.getCommits(
            { ...historyOf({ url: undefined, name: '' }, filter), repo: urls, by: 'month' },
            { signal },
          ),
    [path, filter.withoutBots, ...urls],
    HISTORY_TOPICS,
  );
  if (path === undefined || (!asked.value && !asked.error)) return null;
  const { unread = [], pathCount } = asked.value ?? {};
  const [first] = unread;
  return (
    <p class={asked.error ? 'error' : 'quiet'} role="status">
      {asked.error ?? (pathCount === 0 ? `No file whose changes have been read is like ${path}. ` : '')}
      {first
        ? `Needs churn: what commits changed has not, or not wholly, been read of ${
            unread.length === 1
              ? shortUrl(first.repository)
              : count(unread.length, 'repository', 'repositories')
          }. insights.churn in the configuration has it read.`
        : ''}
    </p>
  );
}
