// A changeset as lists and its own part of the page show it.
import type { Answer } from '../../../client/index.ts';
import { Name, State, type StateKind } from '../../parts/text.tsx';
import { Until } from '../../parts/time.tsx';

export type Changeset = Answer<'listChangesets'>['changesets'][number];

const STATES: Readonly<Record<Changeset['state'], StateKind>> = {
  new: '',
  open: 'good',
  draft: '',
  merged: 'busy',
  closed: '',
  deleted: 'bad',
};

const REVIEWS: Readonly<Record<Changeset['reviewState'], string>> = {
  none: 'no review yet',
  requested: 'review asked for',
  commented: 'commented',
  approved: 'approved',
  changes_requested: 'changes asked for',
};

/** `owner/name#7`. Pure. */
export function nameOf({ repository, number }: Pick<Changeset, 'repository' | 'number'>): string {
  return `${repository}#${number}`;
}

/** What it is called, and where it is. */
export function ChangesetTitle({ changeset }: { readonly changeset: Changeset }) {
  const { title, lastError } = changeset;
  const name = nameOf(changeset);
  return (
    <span class="titled" title={title === '' ? name : `${title}\n${name}`}>
      {lastError ? (
        <span class="error" title={`${lastError.message}. ${lastError.hint}`}>
          {lastError.code}
        </span>
      ) : null}
      <Name>{title || name}</Name>
      {title === '' ? null : (
        <span class="quiet">
          <Name>{name}</Name>
        </span>
      )}
    </span>
  );
}

/** Its state; of what is open, also how its reviews and checks stand. */
export function ChangesetState({ changeset }: { readonly changeset: Changeset }) {
  const { state, reviewState, checkState } = changeset;
  const isOpen = state === 'open' || state === 'draft';
  return (
    <>
      <State kind={STATES[state]}>{state}</State>
      {isOpen && checkState === 'failure' ? (
        <>
          {' '}
          <State kind="bad">checks fail</State>
        </>
      ) : null}
      {isOpen ? <span class="quiet"> {REVIEWS[reviewState]}</span> : null}
    </>
  );
}

/** When it is synced next, and why then. */
export function NextSync({ changeset: { next, followed } }: { readonly changeset: Changeset }) {
  if (!next) return <span class="quiet">{followed ? 'never again' : 'not followed'}</span>;
  return (
    <span title={next.reason}>
      {next.priority === 'high' ? <State kind="busy">first in line</State> : <Until at={next.dueAt} />}
      <span class="quiet why">
        {' '}
        <Name>{next.reason}</Name>
      </span>
    </span>
  );
}
