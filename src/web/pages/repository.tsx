// One repository: what is known of it, what its history says, and how it compares with another one.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Answer } from '../../client/index.ts';
import { ChurnChart, CommitsChart, ContributorsChart } from '../charts/history/activity.tsx';
import { FilterControls, filterOf, PathWords } from '../charts/history/filter.tsx';
import { HotSpotsChart } from '../charts/history/hot-spots.tsx';
import { PeopleChart } from '../charts/history/people.tsx';
import { PunchCardChart } from '../charts/history/punch-card.tsx';
import type { RangeName } from '../charts/range.ts';
import { RangePicker } from '../charts/range-picker.tsx';
import { type Source, useScope } from '../charts/scope.ts';
import { useAsked } from '../live/asked.ts';
import { client } from '../live/live.ts';
import { ActButton } from '../parts/act-button.tsx';
import { Facts } from '../parts/facts.tsx';
import { Panel } from '../parts/panel.tsx';
import { Outward } from '../parts/text.tsx';
import { Ago, Until } from '../parts/time.tsx';
import { Totals } from '../parts/totals.tsx';
import { bytes, day, number, shortUrl } from '../parts/words.ts';
import { hrefOf, route, setParams } from '../router/router.ts';
import { bakeNow, forget, pin } from './repositories/acts.ts';
import { isForgettable } from './repositories/repository.tsx';

type Repository = Answer<'getRepository'>;

interface PageProps {
  readonly params: URLSearchParams;
}

export function RepositoryPage({ params }: PageProps) {
  const url = params.get('url') ?? '';
  const asked = useAsked(signal => client.getRepository({ url }, { signal }), [url], ['runEnded', 'status']);
  return (
    <>
      <Panel title={shortUrl(url)} error={asked.error}>
        {asked.value ? <Summary repository={asked.value} /> : null}
        {asked.error && !asked.value ? (
          <p>
            <a href={hrefOf('repositories')}>All repositories</a>
          </p>
        ) : null}
      </Panel>
      {asked.value ? <Charts key={url} repository={asked.value} params={params} /> : null}
    </>
  );
}

function Charts({ repository, params }: PageProps & { readonly repository: Repository }) {
  const { url, firstCommitAt, lastCommitAt } = repository;
  const other = params.get('with') ?? undefined;
  const filter = filterOf(params);
  const scope = useScope(usualRange(lastCommitAt, Date.now()), firstMsOf(firstCommitAt));
  const history = { scope, sources: sourcesOf(url, other), filter };
  return (
    <>
      <section class="controls" aria-label="What the charts show">
        <RangePicker scope={scope} />
        <Compare url={url} other={other} />
        {other === undefined ? null : (
          <Choice
            text="Each on its own scale"
            isChosen={!scope.hasOneScale}
            choose={isChosen => setParams({ scale: isChosen ? 'own' : undefined })}
          />
        )}
        <FilterControls filter={filter} />
      </section>
      <PathWords filter={filter} sources={history.sources} />
      <Panel title="Activity">
        <CommitsChart {...history} />
        <ContributorsChart {...history} />
        <ChurnChart {...history} />
      </Panel>
      <Panel title="People and hours">
        <PeopleChart {...history} />
        <PunchCardChart {...history} />
      </Panel>
      <Panel title="Files">
        <HotSpotsChart {...history} />
      </Panel>
    </>
  );
}

function Choice(props: {
  readonly text: string;
  readonly isChosen: boolean;
  readonly choose: (isChosen: boolean) => void;
}) {
  return (
    <label class="choice">
      <input
        type="checkbox"
        checked={props.isChosen}
        onChange={({ currentTarget: { checked } }) => props.choose(checked)}
      />
      {props.text}
    </label>
  );
}

const YEAR_MS = 365 * 86_400_000;

/** A year up to now, unless nothing happened in it. Pure. */
function usualRange(lastCommitAt: string | null, nowMs: number): RangeName {
  return lastCommitAt !== null && nowMs - Date.parse(lastCommitAt) > YEAR_MS ? 'all' : '1y';
}

/** Where a history begins; clocks that were wrong begin in 1970. Pure. */
function firstMsOf(firstCommitAt: string | null | undefined): number | undefined {
  const ms = Date.parse(firstCommitAt ?? '');
  return ms > 86_400_000 ? ms : undefined;
}

/** What is compared, by names that are as short as they can be. Pure. */
function sourcesOf(url: string, other: string | undefined): readonly Source[] {
  const urls = other !== undefined && other !== url ? [url, other] : [url];
  const last = (each: string): string => each.replace(/\.git$/, '').replace(/^.*\//, '');
  const isTold = new Set(urls.map(last)).size === urls.length;
  return urls.map(each => ({ url: each, name: isTold ? last(each) : shortUrl(each) }));
}

const SUGGESTED = 20;

/** Another repository in the same charts: chosen from the list, or by a part of its address that no other has. */
function Compare({ url, other }: { readonly url: string; readonly other: string | undefined }) {
  const [search, setSearch] = useState('');
  const [isSent, setSent] = useState(false);
  const asked = useAsked(
    signal => client.listRepositories({ search, limit: SUGGESTED }, { signal }),
    [search],
    ['runEnded'],
  );
  const others = (asked.value?.repositories ?? []).filter(each => each.url !== url && each.commits > 0);
  const show = (wanted: string): void => {
    setSent(false);
    setParams({ with: wanted === '' ? undefined : wanted });
  };
  const [first, second] = others;
  useEffect(() => {
    if (isSent && search !== '' && first && !second) show(first.url);
  }, [isSent, search, first?.url, second?.url]);
  return (
    <label class="compare">
      Compare with
      <input
        type="search"
        list="other-repositories"
        placeholder="another repository"
        value={other ?? search}
        onInput={({ currentTarget: { value } }) => {
          if (value === '' || others.some(each => each.url === value)) show(value);
          setSearch(value);
        }}
        onChange={() => setSent(true)}
      />
      <datalist id="other-repositories">
        {others.map(each => (
          <option key={each.url} value={each.url} />
        ))}
      </datalist>
    </label>
  );
}

function Summary({ repository }: { readonly repository: Repository }) {
  const { commits, authors, firstCommitAt, lastCommitAt, lastError, state } = repository;
  const facts: readonly (readonly [string, string])[] = [
    ['commits', number(commits)],
    ['authors', number(authors)],
    ['first commit', day(firstCommitAt)],
    ['last commit', day(lastCommitAt)],
  ];
  return (
    <>
      <Totals facts={facts} />
      {lastError ? (
        <p class="error">
          {state}: {lastError}
        </p>
      ) : null}
      <Lines repository={repository} />
      <Acts repository={repository} />
    </>
  );
}

function Lines({ repository }: { readonly repository: Repository }) {
  const { tracked, trackedBy, next, lastBakedAt, clone, headRef, movedTo, url } = repository;
  const lines: readonly (readonly [string, ComponentChildren])[] = [
    ['Tracked', tracked ? `by ${trackedBy.join(', ')}` : 'no: baked only when asked for'],
    [
      'Next look',
      next ? (
        <>
          <Until at={next.dueAt} />, {next.reason}
        </>
      ) : null,
    ],
    ['Last look', <Ago key="last" at={lastBakedAt} />],
    ['Clone', cloneWords(clone)],
    ['Branch', headRef?.replace('refs/heads/', '') ?? 'none'],
    ['Moved to', movedTo],
    ['At its host', /^https?:\/\//.test(url) ? <Outward key="host" url={url} /> : null],
  ];
  return <Facts facts={lines} />;
}

/** `12.4 MiB, full, pinned by hand`. Pure. */
function cloneWords(clone: Repository['clone']): string {
  if (!clone?.onDisk) return clone?.cold ? 'in cold storage' : 'none here';
  const by = clone.pinnedBy === 'hand' ? 'hand' : 'the configuration';
  return `${bytes(clone.bytes)}${clone.pinned ? `, pinned by ${by}` : ''}`;
}

function Acts({ repository }: { readonly repository: Repository }) {
  const { url, tracked, trackedBy, clone } = repository;
  const isByHand = trackedBy.some(origin => origin === 'api' || origin === 'cli');
  const track = async (): Promise<string> => {
    await client.trackRepositories({ url });
    return 'It is tracked now.';
  };
  const untrack = async () => {
    const left = await client.untrackRepository({ url });
    return {
      text: left.tracked
        ? `It stays tracked by ${left.trackedBy.join(', ')}.`
        : 'It is not tracked any more; its rows stay.',
      undo: track,
    };
  };
  const forgetThis = async (): Promise<string> => {
    const said = await forget([repository]);
    // Somebody may have gone elsewhere in the seconds in which it could be taken back.
    const { name, params } = route.value;
    if (name === 'repository' && params.get('url') === url) location.hash = hrefOf('repositories').slice(1);
    return said;
  };
  return (
    <div class="row acts">
      <ActButton kind="plain" act={() => bakeNow([repository])}>
        {tracked ? 'Sync now' : 'Bake'}
      </ActButton>
      {tracked && isByHand ? (
        <ActButton kind="plain" act={untrack}>
          Track no longer
        </ActButton>
      ) : null}
      {tracked ? null : (
        <ActButton kind="plain" act={track}>
          Keep it fresh
        </ActButton>
      )}
      {clone?.pinnedBy === 'configuration' ? null : (
        <ActButton kind="plain" act={() => pin([repository], !clone?.pinned)}>
          {clone?.pinned ? 'Unpin the clone' : 'Pin the clone'}
        </ActButton>
      )}
      {isForgettable(repository) ? (
        <ActButton kind="plain" act={forgetThis} confirm="Forget it, with its clone and its history?">
          Forget
        </ActButton>
      ) : null}
    </div>
  );
}
