// A repository as lists show it.
import type { Answer } from '../../../client/index.ts';
import { Name, State, type StateKind } from '../../parts/text.tsx';
import { Ago, Until } from '../../parts/time.tsx';
import { bytes, shortUrl } from '../../parts/words.ts';

export type Repository = Answer<'listRepositories'>['repositories'][number];

const STATES: Readonly<Record<Repository['state'], StateKind>> = {
  new: '',
  ok: 'good',
  failing: 'bad',
  unreachable: 'bad',
  gone: 'bad',
  private: 'bad',
  moved: 'warn',
};

/** Its address; where there is little room, what is before its own name gives way. */
export function RepositoryName({ repository: { url } }: { readonly repository: Repository }) {
  const path = shortUrl(url);
  const owner = path.lastIndexOf('/') + 1;
  return (
    <span class="path" title={url}>
      <span class="quiet">
        <Name>{path.slice(0, owner)}</Name>
      </span>
      <Name>{path.slice(owner)}</Name>
    </span>
  );
}

/** How it is, and whether it is kept fresh. */
export function RepositoryState({ repository }: { readonly repository: Repository }) {
  const { state, tracked, lastError, movedTo } = repository;
  const why = movedTo === null ? lastError : `moved to ${movedTo}`;
  return (
    <span title={why ?? undefined}>
      <State kind={STATES[state]}>{state}</State>
      {tracked ? null : <span class="quiet"> not tracked</span>}
      {why === null ? null : (
        <span class="quiet">
          {' '}
          <Name>{why}</Name>
        </span>
      )}
    </span>
  );
}

/** When commits came that were not there before, and when it was looked at. */
export function News({ repository: { lastNewsAt, lastBakedAt } }: { readonly repository: Repository }) {
  if (lastNewsAt === null && lastBakedAt === null) return <span class="quiet">never baked</span>;
  return lastNewsAt === null ? <span class="quiet">none</span> : <Ago at={lastNewsAt} />;
}

/** `12.4 MiB full, pinned`: where its clone lies. */
export function Clone({ repository: { clone } }: { readonly repository: Repository }) {
  if (!clone) return <span class="quiet">none here</span>;
  const where = clone.onDisk
    ? `${bytes(clone.bytes)} ${clone.kind}`
    : clone.cold
      ? 'in cold storage'
      : 'not on disk';
  return (
    <>
      {where}
      {clone.pinned ? <span class="quiet">, pinned</span> : null}
    </>
  );
}

/** When it is looked at next, and why then. */
export function NextLook({ repository: { next, tracked } }: { readonly repository: Repository }) {
  if (!next) return <span class="quiet">{tracked ? '–' : 'when asked for'}</span>;
  return (
    <span title={next.reason}>
      <Until at={next.dueAt} />
      <span class="quiet why">
        {' '}
        <Name>{next.reason}</Name>
      </span>
    </span>
  );
}

/** Nothing but a hand keeps it: it can be forgotten. Pure. */
export function isForgettable({ trackedBy }: Pick<Repository, 'trackedBy'>): boolean {
  return trackedBy.every(origin => origin === 'api' || origin === 'cli');
}
