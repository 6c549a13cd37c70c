// A place on the schedule: what it is about, when and why.
import type { Answer } from '../../../client/index.ts';
import { client } from '../../live/live.ts';
import { Name, State } from '../../parts/text.tsx';
import { Until } from '../../parts/time.tsx';
import { failedWords, number, shortUrl } from '../../parts/words.ts';
import { hrefOf } from '../../router/router.ts';

export type Target = Answer<'listTargets'>['targets'][number];

/** What a target is called. Pure. */
export function titleOf({ kind, target, title }: Target): string {
  if (kind === 'churn') return `churn of ${shortUrl(target)}`;
  return title || shortUrl(target);
}

/** Where it is shown in full; undefined: there is nothing more to it. Pure. */
export function hrefOfTarget({ kind, target }: Target): string | undefined {
  if (kind === 'repository' || kind === 'churn') return hrefOf('repository', { url: target });
  return kind === 'changeset' ? hrefOf('changesets', { url: target }) : undefined;
}

/** What it is about. */
export function TargetName({ target }: { readonly target: Target }) {
  const { kind, target: address, title } = target;
  const isTitled = kind === 'changeset' && title !== null && title !== '';
  return (
    <span class="titled" title={shortUrl(address)}>
      <Name>{titleOf(target)}</Name>
      {isTitled ? (
        <span class="quiet">
          <Name>{shortUrl(address)}</Name>
        </span>
      ) : null}
    </span>
  );
}

export function When({ target: { dueAt, priority } }: { readonly target: Target }) {
  return (
    <>
      <Until at={dueAt} /> {priority === 'high' ? <State kind="busy">raised</State> : null}
    </>
  );
}

/** The host that is asked. */
export function Place({ target: { host } }: { readonly target: Target }) {
  return host === null ? <span class="quiet">this station</span> : <Name>{host}</Name>;
}

/** Why then; of one that failed, what with. */
export function Why({ target: { reason, failures, lastError } }: { readonly target: Target }) {
  const why = failures > 0 ? `${failedWords(failures)}: ${lastError?.message ?? ''}` : '';
  return (
    <span title={why === '' ? reason : `${reason}; ${why}`}>
      {failures > 0 ? (
        <span class="error">
          <Name>{why}</Name>{' '}
        </span>
      ) : null}
      <Name>{reason}</Name>
    </span>
  );
}

/** As many as one request takes. */
const RAISED_AT_ONCE = 1000;

/** Brings places on the schedule to its front. @returns what is said then */
export async function raise(targets: readonly Pick<Target, 'key'>[]): Promise<string> {
  let total = 0;
  for (let from = 0; from < targets.length; from += RAISED_AT_ONCE) {
    const keys = targets.slice(from, from + RAISED_AT_ONCE).map(({ key }) => key);
    total += (await client.raiseTargets({ keys })).raised;
  }
  return total === 1 ? 'It is first in line.' : `${number(total)} are first in line.`;
}
