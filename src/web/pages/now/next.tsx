import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client, status } from '../../live/live.ts';
import { ActButton } from '../../parts/act-button.tsx';
import { Pending } from '../../parts/panel.tsx';
import { Name, Outward, RepositoryLink, State } from '../../parts/text.tsx';
import { Until } from '../../parts/time.tsx';
import { failedWords, shortUrl } from '../../parts/words.ts';

const NEXT_SHOWN = 6;

type Item = Answer<'getSchedule'>['next'][number];

/** What is baked now, and what comes next on the schedule. */
export function Next() {
  const schedule = useAsked(
    signal => client.getSchedule({ limit: NEXT_SHOWN }, { signal }),
    [],
    ['status', 'runBegun', 'runEnded', 'changesets'],
  );
  const baking = status.value?.repos.baking ?? [];
  const { value } = schedule;
  if (!value) return <Pending error={schedule.error} />;
  const isEmpty = baking.length + value.running.length + value.next.length === 0;
  const runningElsewhere = value.running.filter(({ target }) => !baking.some(({ url }) => url === target));
  return (
    <>
      <ul class="rows" id="next">
        {baking.map(({ url, phase, progress }) => (
          <li key={`baking ${url}`}>
            <State kind="busy">now</State>
            <span>
              <RepositoryLink url={url} />
              <span class="line quiet">{progress || phase}</span>
            </span>
          </li>
        ))}
        {[...runningElsewhere, ...value.next].slice(0, NEXT_SHOWN).map(item => (
          <Row key={item.key} item={item} />
        ))}
      </ul>
      {isEmpty ? (
        <p class="empty">
          Nothing runs and nothing is planned. Bake a repository below, or list what to keep fresh in
          sluice.yaml.
        </p>
      ) : (
        <p class="more">
          <a href="#/schedule">The whole schedule</a>
        </p>
      )}
    </>
  );
}

function Row({ item }: { readonly item: Item }) {
  const { running, dueAt, priority, reason, failures, lastError } = item;
  return (
    <li>
      {running ? (
        <State kind="busy">now</State>
      ) : (
        <span>
          <Until at={dueAt} />
          {priority === 'high' ? <State kind="busy"> raised</State> : null}
        </span>
      )}
      <span>
        <What item={item} />
        <span class="line quiet">{reason}</span>
        {failures > 0 ? (
          <span class="line error">
            {failedWords(failures)}: {lastError?.message}
          </span>
        ) : null}
      </span>
      <Sync item={item} />
    </li>
  );
}

function What({ item: { kind, target, title } }: { readonly item: Item }) {
  if (kind === 'repository') return <RepositoryLink url={target} />;
  if (kind === 'changeset') return <Outward url={target}>{title || shortUrl(target)}</Outward>;
  return <Name>{kind === 'churn' ? `churn of ${shortUrl(target)}` : target}</Name>;
}

function Sync({ item: { kind, target, running } }: { readonly item: Item }) {
  if (running || (kind !== 'repository' && kind !== 'changeset')) return null;
  const act = async (): Promise<string> => {
    if (kind === 'repository') await client.syncRepositories({ url: target });
    else await client.syncChangesets({ urls: [target] });
    return `${shortUrl(target)} is first in line.`;
  };
  return (
    <ActButton act={act} about={shortUrl(target)}>
      Sync now
    </ActButton>
  );
}
