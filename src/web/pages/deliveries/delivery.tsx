// A file on its way as lists and its own part of the page show it.
import type { Answer } from '../../../client/index.ts';
import { Name, State, type StateKind } from '../../parts/text.tsx';
import { Until } from '../../parts/time.tsx';

export type Delivery = Answer<'listDeliveries'>['deliveries'][number];

const STATES: Readonly<Record<Delivery['state'], readonly [words: string, kind: StateKind]>> = {
  incoming_tmp: ['arriving', 'busy'],
  incoming: ['incoming', 'busy'],
  processing: ['processing', 'busy'],
  completed: ['delivered', 'good'],
  failed: ['failed', 'bad'],
};

/** `profile/bucket/path`. Pure. */
export function pathOf({
  profile,
  bucket,
  filepath,
}: Pick<Delivery, 'profile' | 'bucket' | 'filepath'>): string {
  return `${profile}/${bucket}/${filepath}`;
}

/** Where it goes, and its path; where there is little room, folders give way before the file's own name. */
export function FileName({ delivery }: { readonly delivery: Delivery }) {
  const path = pathOf(delivery);
  const folder = path.lastIndexOf('/') + 1;
  return (
    <span class="path" title={path}>
      <span class="quiet">
        <Name>{path.slice(0, folder)}</Name>
      </span>
      <Name>{path.slice(folder)}</Name>
    </span>
  );
}

/** Its state, and why it is in it. */
export function DeliveryState({ delivery }: { readonly delivery: Delivery }) {
  const { state, present, lastError } = delivery;
  const [words, kind] = STATES[state];
  const gone = state === 'completed' ? ', not kept' : ', file gone';
  const why = lastError && state !== 'completed' ? lastError.code : undefined;
  return (
    <span title={why === undefined ? undefined : lastError?.message}>
      <State kind={kind}>{words}</State>
      {why === undefined ? null : <span class={state === 'failed' ? 'error' : 'quiet'}> {why}</span>}
      {present || state === 'incoming_tmp' ? null : <span class="quiet">{gone}</span>}
    </span>
  );
}

/** When it is tried next, or what that waits for. */
export function NextTry({ delivery }: { readonly delivery: Delivery }) {
  const { nextAttemptAt, hold, state, present } = delivery;
  if (hold === 'empty') return <>once it has content</>;
  if (hold === 'bucket') return <>once its bucket is there</>;
  if (hold === 'bucket_held') return <>once its bucket takes files</>;
  if (hold === 'folder_held') return <>once its folder can be read</>;
  if (nextAttemptAt !== null) return <Until at={nextAttemptAt} />;
  return <span class="quiet">{state === 'failed' && present ? 'when asked for' : '–'}</span>;
}
