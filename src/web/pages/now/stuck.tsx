import { client } from '../../live/live.ts';
import { ActButton } from '../../parts/act-button.tsx';
import { Name, State } from '../../parts/text.tsx';
import { Ago } from '../../parts/time.tsx';
import type { ToastText } from '../../parts/toasts.tsx';
import { count, number, shortUrl } from '../../parts/words.ts';
import type { Pause, Trouble } from './verdict.tsx';

interface StuckProps {
  readonly troubles: readonly Trouble[] | undefined;
  readonly pauses: readonly Pause[];
}

/** What is stuck, by its cause: what a person must see to first. With what to do, and the buttons for it. */
export function Stuck({ troubles, pauses }: StuckProps) {
  if (!troubles) return <p class="empty waiting">…</p>;
  return (
    <>
      {troubles.length === 0 ? <p class="empty">Nothing is stuck.</p> : null}
      <ul id="troubles" class="stuck">
        {troubles.map(trouble => (
          <Item key={keyOf(trouble)} trouble={trouble} />
        ))}
        {pauses.map(pause => (
          <Paused key={`${pause.kind} ${pause.name}`} pause={pause} />
        ))}
      </ul>
    </>
  );
}

function keyOf({ kind, code, stage, subject, example }: Trouble): string {
  return [kind, code, stage, subject, code && kind !== 'place' ? '' : example].join('\n');
}

function Item({ trouble }: { readonly trouble: Trouble }) {
  const { code, stage, kind, example, hint, isWaiting, lastAt } = trouble;
  const { href, words } = whereOf(trouble);
  return (
    <li class={isWaiting ? 'warn' : 'bad'}>
      <div class="cause">
        <p>
          <State kind={isWaiting ? 'warn' : 'bad'}>{code ?? stage ?? kind}</State> <Name>{example}</Name>
        </p>
        <p class="quiet">
          {isWaiting ? 'Tried again by itself. ' : ''}
          {hint}
        </p>
      </div>
      <p class="where">
        <a href={href}>
          {number(trouble.count)} {words}
        </a>
        <span class="quiet">
          <Ago at={lastAt} />
        </span>
      </p>
      <div class="acts">
        <Acts trouble={trouble} />
      </div>
    </li>
  );
}

function whereOf({ kind, stage, code, count: many }: Trouble): {
  readonly href: string;
  readonly words: string;
} {
  const one = many === 1;
  if (kind === 'place')
    return { href: '#/deliveries?state=waiting', words: one ? 'file waits' : 'files wait' };
  if (kind === 'delivery') {
    const words = `${one ? 'file' : 'files'} ${stage === 'failed' ? 'failed' : 'tried again'}`;
    return { href: `#/deliveries?state=${stage}&cause=${encodeURIComponent(code ?? '')}`, words };
  }
  if (kind === 'repository')
    return { href: '#/repositories?show=failing', words: one ? 'repository' : 'repositories' };
  if (kind === 'changeset')
    return { href: '#/changesets?failing=true', words: one ? 'changeset' : 'changesets' };
  if (kind === 'collector') return { href: '#/capture', words: one ? 'collector' : 'collectors' };
  return { href: '#/changesets', words: 'at a code host' };
}

type PlaceKind = 'endpoint' | 'profile' | 'bucket' | 'disk';
const PLACES: readonly string[] = ['endpoint', 'profile', 'bucket', 'disk'] satisfies readonly PlaceKind[];

/** What can be done about it, from here. */
function Acts({ trouble }: { readonly trouble: Trouble }) {
  const { kind, stage, subject, code, count: many } = trouble;
  if (kind === 'delivery' && stage === 'failed' && code !== null)
    return (
      <>
        <ActButton act={() => retry(code)} about={code}>
          {many === 1 ? 'Retry' : `Retry all ${number(many)}`}
        </ActButton>
        <ActButton
          act={() => drop(code)}
          about={code}
          confirm={`Delete ${count(many, 'file')}, undelivered?`}
        >
          Drop
        </ActButton>
      </>
    );
  if (kind === 'place' && subject !== null && PLACES.includes(stage ?? ''))
    return (
      <>
        <ActButton act={() => probe(stage as PlaceKind, subject)} about={subject}>
          Ask it now
        </ActButton>
        {stage === 'profile' || stage === 'bucket' ? (
          <ActButton act={() => pause(stage, subject)} about={subject}>
            Pause
          </ActButton>
        ) : null}
      </>
    );
  if (kind === 'code host' && subject !== null)
    return (
      <>
        <ActButton act={() => probe('host', subject)} about={subject}>
          Ask it now
        </ActButton>
        <ActButton act={() => pause('host', subject)} about={subject}>
          Pause
        </ActButton>
      </>
    );
  if (kind === 'repository')
    return (
      <ActButton act={syncFailingRepositories} about="failing repositories">
        Sync now
      </ActButton>
    );
  if (kind === 'changeset')
    return (
      <ActButton act={syncFailing} about="failing changesets">
        Sync now
      </ActButton>
    );
  return null;
}

function Paused({ pause: { kind, name, sinceAt } }: { readonly pause: Pause }) {
  const act = async (): Promise<ToastText> => {
    await client.resume({ kind, name });
    return { text: `${name} goes on.`, undo: async () => (await pause(kind, name)).text };
  };
  return (
    <li class="paused">
      <div class="cause">
        <p>
          <State>paused</State> {kind} <Name>{shortUrl(name)}</Name>
        </p>
        <p class="quiet">Nothing goes there until it is resumed.</p>
      </div>
      <p class="where">
        <span class="quiet">
          <Ago at={sinceAt} />
        </span>
      </p>
      <div class="acts">
        <ActButton act={act} about={name}>
          Resume
        </ActButton>
      </div>
    </li>
  );
}

async function retry(cause: string): Promise<string> {
  const { total, problems } = await client.retryFailed({ cause, limit: 0 });
  const left = problems > 0 ? ` ${number(problems)} could not be.` : '';
  return `${count(total - problems, 'file')} will be tried again.${left}`;
}

async function drop(cause: string): Promise<string> {
  const { total, problems } = await client.dropFailed({ cause, limit: 0 });
  const left = problems > 0 ? ` ${number(problems)} could not be.` : '';
  return `${count(total - problems, 'file')} dropped.${left}`;
}

async function probe(kind: PlaceKind | 'host', name: string): Promise<string> {
  const { isHeld } = await client.probePlace({ kind, name });
  return isHeld ? `${name} still cannot be used.` : `${name} can be used again.`;
}

/** Pauses a destination or host; whoever did not mean it takes it back. */
export async function pause(kind: Pause['kind'], name: string): Promise<ToastText> {
  await client.pause({ kind, name });
  const undo = async (): Promise<string> => {
    await client.resume({ kind, name });
    return `${name} goes on.`;
  };
  return { text: `${name} is paused: nothing goes there until it is resumed.`, undo };
}

/** As many as one request may name. */
const MOST_URLS = 1000;

async function syncFailingRepositories(): Promise<string> {
  const { repositories } = await client.listRepositories({ show: 'failing', limit: MOST_URLS });
  const urls = repositories.filter(({ tracked }) => tracked).map(({ url }) => url);
  if (urls.length === 0) return 'None of them is kept fresh: bake them one by one.';
  await client.syncRepositories({ urls });
  return `${count(urls.length, 'repository', 'repositories')} first in line.`;
}

async function syncFailing(): Promise<string> {
  const answer = await client.syncChangesets({ filter: { failing: true } });
  return `${count(answer.raised, 'changeset')} first in line.`;
}
