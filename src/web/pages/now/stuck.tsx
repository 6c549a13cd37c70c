import type { Answer, Given } from '../../../client/index.ts';
import { client } from '../../live/live.ts';
import { ActButton } from '../../parts/act-button.tsx';
import { pause, resume } from '../../parts/pauses.ts';
import { Name, State } from '../../parts/text.tsx';
import { Ago } from '../../parts/time.tsx';
import type { ToastText } from '../../parts/toasts.tsx';
import { count, number, shortUrl } from '../../parts/words.ts';

export type StuckAnswer = Answer<'listStuck'>;
export type StuckItem = StuckAnswer['stuck'][number];
type Action = StuckItem['actions'][number];

/** All that is stuck: what a person must see to first. With what to do, and the buttons for it. */
export function Stuck({ answer }: { readonly answer: StuckAnswer | undefined }) {
  if (!answer) return <p class="empty waiting">…</p>;
  return (
    <>
      {answer.stuck.length === 0 ? <p class="empty">Nothing is stuck.</p> : null}
      <ul id="troubles" class="stuck">
        {answer.stuck.map(item => (
          <Item key={item.id} item={item} />
        ))}
      </ul>
      <p class="quiet elsewhere">{elsewhereWords(answer.elsewhere)}</p>
    </>
  );
}

function Item({ item }: { readonly item: StuckItem }) {
  const { code, stage, place, cause, example, hint, isWaiting, sinceAt } = item;
  const kind = isWaiting ? 'warn' : 'bad';
  const isPaused = stage === 'paused';
  return (
    <li class={isPaused ? 'paused' : kind}>
      <div class="cause">
        <p>
          <State kind={isPaused ? '' : kind}>{isPaused ? 'paused' : (code ?? stage)}</State>{' '}
          <Name>{cause ?? example ?? stage}</Name>
        </p>
        <p class="quiet">
          {place ? `${place.kind} ${shortUrl(place.name)}. ` : ''}
          {isWaiting ? 'Tried again by itself. ' : ''}
          {isPaused ? 'Nothing goes there until it is resumed.' : hint}
          {example !== null && !isSaid(example, item) ? (
            <>
              {' Such as '}
              <Name>{shortUrl(example)}</Name>.
            </>
          ) : null}
        </p>
      </div>
      <p class="where">
        <Where item={item} />
        <span class="quiet">
          <Ago at={sinceAt} />
        </span>
      </p>
      <div class="acts">
        {item.actions.map(action => (
          <ActButton
            key={action.action}
            act={() => act(item, action)}
            about={code !== null && !isPaused && item.kind === 'files' ? code : (place?.name ?? stage)}
            confirm={confirmOf(item, action)}
          >
            {labelOf(item, action)}
          </ActButton>
        ))}
      </div>
    </li>
  );
}

/** How many of what, and the way to them where they have one. */
function Where({ item }: { readonly item: StuckItem }) {
  const words = item.kind === 'station' ? 'this station' : `${number(item.count)} ${wordsFor(item)}`;
  const href = hrefTo(item);
  return href === undefined ? <span>{words}</span> : <a href={href}>{words}</a>;
}

/** Whether an example is what stands beside it already. Pure. */
function isSaid(example: string, { cause, place, count: many }: StuckItem): boolean {
  return example === cause || example === place?.name || (many === 1 && cause?.includes(example) === true);
}

/** What is counted, as it is shown beside the figure. Pure. */
function wordsFor({ kind, stage, count: many }: StuckItem): string {
  const one = many === 1;
  if (kind === 'files') {
    const files = one ? 'file' : 'files';
    const waits = one ? 'waits' : 'wait';
    return (
      { failed: `${files} failed`, gone: `${files} gone`, retrying: `${files} tried again` }[
        stage as string
      ] ?? `${files} ${waits}`
    );
  }
  if (kind === 'repositories') return one ? 'repository' : 'repositories';
  if (kind === 'code host') return 'at a code host';
  return one ? kind.replace(/s$/, '') : kind;
}

function hrefTo({ kind, stage, code }: StuckItem): string | undefined {
  if (kind === 'files' && (stage === 'failed' || stage === 'gone'))
    return `#/deliveries?state=failed&cause=${encodeURIComponent(code ?? '')}`;
  if (kind === 'files') return '#/deliveries?state=waiting';
  if (kind === 'repositories') return '#/repositories?show=failing';
  if (kind === 'changesets') return '#/changesets?show=failing';
  if (kind === 'collectors' || kind === 'disk') return '#/capture';
  return kind === 'targets' || kind === 'code host' ? '#/schedule' : undefined;
}

function labelOf({ count: many }: StuckItem, { action }: Action): string {
  if (action === 'retry') return many === 1 ? 'Retry' : `Retry all ${number(many)}`;
  return {
    drop: 'Drop',
    forget: 'Forget',
    probe: 'Ask it now',
    sync: 'Sync now',
    pause: 'Pause',
    resume: 'Resume',
  }[action];
}

/** What loses something is asked for twice. */
function confirmOf({ count: many, stage }: StuckItem, { action }: Action): string | undefined {
  return action === 'drop' && stage !== 'gone' ? `Delete ${count(many, 'file')}, undelivered?` : undefined;
}

async function act({ example, place }: StuckItem, { operation, given }: Action): Promise<string | ToastText> {
  switch (operation) {
    case 'retryFailed': {
      const answer = await client.retryFailed({ ...(given as Given<'retryFailed'>), limit: 0 });
      return `${count(answer.total - answer.problems, 'file')} will be tried again.${notDone(answer)}`;
    }
    case 'dropFailed': {
      const answer = await client.dropFailed({ ...(given as Given<'dropFailed'>), limit: 0 });
      return `${count(answer.total - answer.problems, 'file')} dropped.${notDone(answer)}`;
    }
    case 'probePlace': {
      const place = given as Given<'probePlace'>;
      const { isHeld } = await client.probePlace(place);
      return isHeld ? `${place.name} was asked, and cannot be used yet.` : `${place.name} can be used again.`;
    }
    case 'pause':
      return pause(given as Given<'pause'>);
    case 'resume':
      return resume(given as Given<'resume'>);
    case 'syncDeliveries': {
      const { delivered, failed, waiting } = await client.syncDeliveries();
      return `${count(delivered, 'file')} delivered, ${number(failed)} failed, ${number(waiting)} wait.`;
    }
    case 'syncRepositories': {
      const { repositories } = await client.syncRepositories(given as Given<'syncRepositories'>);
      if (repositories.length === 0) return 'None of them is kept fresh: bake them one by one.';
      return `${count(repositories.length, 'repository', 'repositories')} first in line.`;
    }
    case 'syncChangesets': {
      const { raised } = await client.syncChangesets(given as Given<'syncChangesets'>);
      return `${count(raised, 'changeset')} first in line.`;
    }
    case 'untrackRepository': {
      const { url, tracked } = await client.untrackRepository(given as Given<'untrackRepository'>);
      if (tracked) return `${shortUrl(url)} is listed in the configuration: take it out there.`;
      const undo = async (): Promise<string> => {
        await client.trackRepositories({ url });
        return `${shortUrl(url)} is kept fresh again.`;
      };
      return { text: `${shortUrl(url)} is kept fresh no longer.`, undo };
    }
    case 'leaveStation': {
      await client.leaveStation(given as Given<'leaveStation'>);
      return `${place?.name ?? 'It'} is not missed any more.`;
    }
    case 'untrackChangeset': {
      await client.untrackChangeset(given as Given<'untrackChangeset'>);
      return `${shortUrl(example ?? '')} is kept fresh no longer.`;
    }
  }
}

function notDone({ problems }: { readonly problems: number }): string {
  return problems > 0 ? ` ${number(problems)} could not be.` : '';
}

/** What is not stuck, so that nothing is missed. Pure. */
function elsewhereWords({ files, targets, unproven, left }: StuckAnswer['elsewhere']): string {
  const parts = [
    files.uploading && `${count(files.uploading, 'file')} being sent`,
    files.due && `${count(files.due, 'file')} in line`,
    files.resting && `${count(files.resting, 'file')} resting until their time`,
    files.copying && `${count(files.copying, 'file')} being copied`,
    files.empty && `${count(files.empty, 'file')} without content`,
    unproven && `${count(unproven, 'file')} delivered and not proven`,
    left && `${count(left, 'file')} not taken`,
    targets.running && `${count(targets.running, 'target')} worked on`,
    targets.due && `${count(targets.due, 'target')} in line`,
    targets.resting && `${count(targets.resting, 'target')} resting until their time`,
  ].filter(part => part !== 0);
  return parts.length === 0 ? '' : `Beside that: ${parts.join(', ')}.`;
}
