// What of history has not been read, of what is read only where that is wanted: what commits change.
import { computed } from '@preact/signals';
import { status } from '../../live/live.ts';

/** Of how many repositories it is yet to be read: charts of it are asked for anew when one of them is done. */
export const churnBehind = computed(() => status.value?.repos.churn.behind.length ?? 0);

/**
 * Why a chart of what commits change is empty, and what to do.
 *
 * That is read only where it is wanted: it needs clones with all files, and takes many times as long as reading commits,
 * so that most repositories begin without.
 */
export function Unread() {
  return (
    <>
      What commits change has not been read. Switch it on with <code>{'insights: {churn: true}'}</code> in
      sluice.yaml, or <code>churn: true</code> beside the url of this repository.
    </>
  );
}

/** What is said of a map whose history is read in part. Pure. */
export function readInPart(unread: readonly { readonly state: string }[]): string {
  return unread.some(({ state }) => state === 'begun') ? ' Not all of the history has been read yet.' : '';
}
