// One repository: what is known of it, what its history says, and how it compares with another one.
import { useEffect, useState } from 'preact/hooks';
import type { Answer } from '../../client/index.ts';
import { ChurnChart, CommitsChart, ContributorsChart } from '../charts/history/activity.tsx';
import { HotSpotsChart } from '../charts/history/hot-spots.tsx';
import { PeopleChart } from '../charts/history/people.tsx';
import { PunchCardChart } from '../charts/history/punch-card.tsx';
import type { RangeName } from '../charts/range.ts';
import { RangePicker } from '../charts/range-picker.tsx';
import { type Source, useScope } from '../charts/scope.ts';
import { figure, momentWords } from '../charts/words.ts';
import { useAsked } from '../live/asked.ts';
import { client } from '../live/live.ts';
import { Panel } from '../parts/panel.tsx';
import { perform } from '../parts/toasts.tsx';
import { setParams } from '../router/router.ts';
import type { PageProps } from '../shell/places.ts';

type Repository = Answer<'getRepository'>;

export default function RepositoryPage({ params }: PageProps) {
  const url = params.get('url') ?? '';
  const asked = useAsked(signal => client.getRepository({ url }, { signal }), [url], ['runEnded', 'status']);
  return (
    <>
      <Panel title={nameOf(url)} error={asked.error}>
        {asked.value ? <Facts repository={asked.value} /> : null}
      </Panel>
      {asked.value ? <Charts key={url} repository={asked.value} params={params} /> : null}
    </>
  );
}

function Charts({ repository, params }: PageProps & { readonly repository: Repository }) {
  const { url, firstCommitAt, lastCommitAt } = repository;
  const other = params.get('with') ?? undefined;
  const withoutBots = params.get('bots') === 'exclude';
  const scope = useScope(usualRange(lastCommitAt, Date.now()), firstMsOf(firstCommitAt));
  const history = { scope, sources: sourcesOf(url, other), withoutBots };
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
        <Choice
          text="Leave out programs"
          isChosen={withoutBots}
          choose={isChosen => setParams({ bots: isChosen ? 'exclude' : undefined })}
        />
      </section>
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

function nameOf(url: string): string {
  return url.replace(/^https?:\/\//, '');
}

/** What is compared, by names that are as short as they can be. Pure. */
function sourcesOf(url: string, other: string | undefined): readonly Source[] {
  const urls = other !== undefined && other !== url ? [url, other] : [url];
  const last = (each: string): string => each.replace(/\.git$/, '').replace(/^.*\//, '');
  const isTold = new Set(urls.map(last)).size === urls.length;
  return urls.map(each => ({ url: each, name: isTold ? last(each) : nameOf(each) }));
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

function Facts({ repository }: { readonly repository: Repository }) {
  const { commits, authors, firstCommitAt, lastCommitAt, lastError, state } = repository;
  const facts: readonly (readonly [string, string])[] = [
    ['commits', figure(commits)],
    ['authors', figure(authors)],
    ['first commit', firstCommitAt?.slice(0, 10) ?? '–'],
    ['last commit', lastCommitAt?.slice(0, 10) ?? '–'],
  ];
  return (
    <>
      <dl class="totals">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
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
  const time = (at: string | null | undefined): string => (at ? momentWords(Date.parse(at)) : '–');
  const lines: readonly (readonly [string, string | null])[] = [
    ['Tracked', tracked ? `by ${trackedBy.join(', ')}` : 'no: baked only when asked for'],
    ['Next look', next ? `${time(next.dueAt)}, ${next.reason}` : null],
    ['Last look', time(lastBakedAt)],
    ['Clone', clone ? `here${clone.pinned ? ', kept whatever else goes' : ''}` : 'none here'],
    ['Branch', headRef?.replace('refs/heads/', '') ?? 'none'],
    ['Moved to', movedTo],
  ];
  return (
    <dl class="lines">
      {lines.map(([name, value]) =>
        value === null ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
      {/^https?:\/\//.test(url) ? (
        <div>
          <dt>At its host</dt>
          <dd>
            <a href={url} rel="noreferrer">
              {nameOf(url)}
            </a>
          </dd>
        </div>
      ) : null}
    </dl>
  );
}

function Acts({ repository: { url, tracked, trackedBy, clone } }: { readonly repository: Repository }) {
  const isByHand = trackedBy.some(origin => origin === 'api' || origin === 'cli');
  const sync = async (): Promise<string> => {
    await client.syncRepositories({ urls: [url] });
    return `${nameOf(url)} is first in line.`;
  };
  const bake = async (): Promise<string> => `Run ${(await client.bake({ url })).id} is on its way.`;
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
  const pin = async (pinned: boolean) => {
    await client.pinClone({ url, pinned });
    return {
      text: pinned ? 'Its clone stays, whatever else has to go.' : 'Its clone goes when room is needed.',
      undo: async () => {
        await client.pinClone({ url, pinned: !pinned });
        return 'As before.';
      },
    };
  };
  return (
    <div class="row acts">
      <Act text={tracked ? 'Sync now' : 'Bake'} act={tracked ? sync : bake} />
      {tracked ? (
        isByHand ? (
          <Act text="Track no longer" act={untrack} />
        ) : null
      ) : (
        <Act text="Keep it fresh" act={track} />
      )}
      {clone?.pinnedBy === 'configuration' ? null : (
        <Act text={clone?.pinned ? 'Unpin the clone' : 'Pin the clone'} act={() => pin(!clone?.pinned)} />
      )}
    </div>
  );
}

function Act({ text, act }: { readonly text: string; readonly act: Parameters<typeof perform>[0] }) {
  const [isBusy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    await perform(act);
    setBusy(false);
  };
  // Not `disabled`, which would drop the focus.
  return (
    <button type="button" class="plain" aria-disabled={isBusy} onClick={run}>
      {text}
    </button>
  );
}
