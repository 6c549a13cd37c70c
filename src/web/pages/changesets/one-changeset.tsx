import type { ComponentChildren } from 'preact';
import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { ActButton } from '../../parts/act-button.tsx';
import { Drawer } from '../../parts/drawer.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Pending } from '../../parts/panel.tsx';
import { Name, Outward, State } from '../../parts/text.tsx';
import { Ago } from '../../parts/time.tsx';
import { count, number } from '../../parts/words.ts';
import { setParams } from '../../router/router.ts';
import { follow, syncNow, unfollow } from './acts.ts';
import { type Changeset, ChangesetState, NextSync, nameOf } from './changeset.tsx';

type Event = Answer<'listChangesetEvents'>['events'][number];

/** More than that nobody reads beside a list. */
const EVENTS = 1000;

/** One changeset beside the list: how it stands, what happened to it, and why its next sync is then. */
export function OneChangeset({ url }: { readonly url: string }) {
  const asked = useAsked(signal => client.getChangeset({ url }, { signal }), [url], ['changesets', 'status']);
  const changeset = asked.value;
  return (
    <Drawer title="One changeset" close={() => setParams({ url: undefined })}>
      {asked.error ? <Pending error={asked.error} /> : null}
      {changeset ? (
        <>
          <p class="name">
            <Outward url={changeset.url}>{changeset.title || nameOf(changeset)}</Outward>
          </p>
          <p>
            <ChangesetState changeset={changeset} /> <span class="quiet">{nameOf(changeset)}</span>
          </p>
          <Troubles changeset={changeset} />
          <Acts changeset={changeset} />
          <Facts facts={factsOf(changeset)} />
        </>
      ) : null}
      <Events url={url} />
    </Drawer>
  );
}

function Troubles({ changeset: { lastError, unseen } }: { readonly changeset: Changeset }) {
  return (
    <>
      {lastError ? (
        <p class="error">
          <Name>{`${lastError.code}: ${lastError.message}. ${lastError.hint}`}</Name>
        </p>
      ) : null}
      {(unseen ?? []).map(({ part, message }) => (
        <p key={part} class="quiet">
          <Name>{`${part} not seen: ${message}`}</Name>
        </p>
      ))}
    </>
  );
}

function Acts({ changeset }: { readonly changeset: Changeset }) {
  const about = nameOf(changeset);
  return (
    <p class="row">
      {changeset.followed ? (
        <ActButton act={() => syncNow([changeset])} about={about} kind="strong">
          Sync now
        </ActButton>
      ) : null}
      <ActButton
        act={() => (changeset.followed ? unfollow : follow)([changeset])}
        about={about}
        kind={changeset.followed ? 'plain' : 'strong'}
      >
        {changeset.followed ? 'Unfollow' : 'Follow'}
      </ActButton>
    </p>
  );
}

function factsOf(changeset: Changeset): readonly (readonly [string, ComponentChildren])[] {
  const { author, createdAt, updatedAt, mergedAt, closedAt, head, base, labels, lastSyncAt } = changeset;
  const { additions, deletions, changedFiles, mergeable, checkState, followedBy, followed } = changeset;
  return [
    ['Next sync', <NextSync key="next" changeset={changeset} />],
    ['Last sync', <Ago key="last" at={lastSyncAt} />],
    ['Followed', followed ? `by ${followedBy === 'hand' ? 'hand' : followedBy}` : 'no'],
    ['Author', author === null ? null : <Name key="author">{author}</Name>],
    ['Opened', <Ago key="opened" at={createdAt} />],
    ['Changed', <Ago key="changed" at={updatedAt} />],
    ['Merged', mergedAt === null ? null : <Ago key="merged" at={mergedAt} />],
    ['Closed', closedAt === null || mergedAt !== null ? null : <Ago key="closed" at={closedAt} />],
    [
      'Branch',
      head.branch === null ? null : <Name key="branch">{`${head.branch} → ${base.branch ?? '?'}`}</Name>,
    ],
    ['Lines', additions === null ? null : `+${number(additions)} −${number(deletions ?? 0)}`],
    ['Files', changedFiles === null ? null : number(changedFiles)],
    ['Labels', labels.length === 0 ? null : <Name key="labels">{labels.join(', ')}</Name>],
    ['Checks', checkState === null || checkState === 'none' ? null : checkState],
    ['Can be merged', mergeable === null ? null : mergeable ? 'yes' : 'no, it conflicts'],
  ];
}

function Events({ url }: { readonly url: string }) {
  const asked = useAsked(
    signal => client.listChangesetEvents({ url, limit: EVENTS }, { signal }),
    [url],
    ['changesets'],
  );
  const { value, error } = asked;
  if (!value) return error ? null : <Pending error={undefined} />;
  return (
    <>
      <h3>
        {value.next === null ? count(value.events.length, 'event') : `The first ${number(EVENTS)} events`}
      </h3>
      {value.events.length === 0 ? <p class="empty">Nothing is known to have happened to it.</p> : null}
      <ol class="events">
        {value.events.map(event => (
          <li key={event.id}>
            <Ago at={event.happenedAt} /> <Happened event={event} />
          </li>
        ))}
      </ol>
    </>
  );
}

function Happened({ event }: { readonly event: Event }) {
  const { kind, hostKind, actor, actorIsBot, review, checkName, checkState, subject, commit } = event;
  const what = review ?? checkState ?? kind;
  const isBad = checkState === 'failure' || review === 'changes_requested';
  const rest = [checkName, subject, commit?.slice(0, 10)].filter(Boolean).join(' ');
  return (
    <>
      <span title={hostKind}>
        <State kind={isBad ? 'bad' : ''}>{what.replaceAll('_', ' ')}</State>
      </span>
      {actor === null ? null : (
        <>
          {' by '}
          <Name>{actor}</Name>
          {actorIsBot ? <span class="quiet"> (a program)</span> : null}
        </>
      )}
      {rest === '' ? null : (
        <span class="quiet">
          {' '}
          <Name>{rest}</Name>
        </span>
      )}
    </>
  );
}
