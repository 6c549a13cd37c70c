import type { Clock } from '../../base/clock.ts';
import type { FileRecord, Journal } from '../../keep/local/journal.ts';

const POLL_EVERY_MS = 100;
/** Records that are looked at in one poll: of more, those that waited longest since the last look. */
const LOOKS_A_POLL = 1_000;

/** What became of a copied file, or why nobody goes on with it until somebody does something. */
export interface CopyEnd {
  readonly id: number;
  /** `waits`: it lies in the spool, and goes once what its record names is mended; `forgotten`: nobody knows of it. */
  readonly end: 'delivered' | 'failed' | 'waits' | 'forgotten';
  readonly record: FileRecord | undefined;
}

/** How the waiting went. */
export interface CopyWait {
  readonly ended: readonly CopyEnd[];
  /** Records that had not ended when the waiting did. */
  readonly open: readonly number[];
}

export interface CopyWaitOptions {
  readonly journal: Pick<Journal, 'byId'>;
  /** Ids of records. */
  readonly ids: readonly number[];
  readonly clock: Clock;
  /** Ends the waiting; that is no error. */
  readonly signal: AbortSignal;
  readonly onEnd?: (end: CopyEnd) => void;
}

/**
 * What a record says of a copied file's way; undefined: it goes on by itself. Pure. A missing bucket may be missing for
 * ever, and an empty file that is not known to be whole may never have content: nobody waits for those.
 */
export function copyEndOf(id: number, record: FileRecord | undefined): CopyEnd | undefined {
  if (!record) return { id, end: 'forgotten', record };
  if (record.state === 'completed') return { id, end: 'delivered', record };
  if (record.state === 'failed')
    return { id, end: record.outcome === 'success' ? 'delivered' : 'failed', record };
  const isStuck = record.hold === 'bucket' || record.hold === 'empty';
  return isStuck ? { id, end: 'waits', record } : undefined;
}

/**
 * Resolves when every record has ended, or the signal ends the waiting (`--wait`). It polls the journal, since the
 * station that delivers is another process. Throws what the journal throws.
 */
export async function waitForDelivery(options: CopyWaitOptions): Promise<CopyWait> {
  const { journal, clock, signal, onEnd } = options;
  const ended: CopyEnd[] = [];
  let open = [...options.ids];
  while (open.length > 0 && !signal.aborted) {
    const looked = open.slice(0, LOOKS_A_POLL);
    const still: number[] = [];
    for (const id of looked) {
      const end = copyEndOf(id, journal.byId(id));
      if (!end) still.push(id);
      else {
        ended.push(end);
        onEnd?.(end);
      }
    }
    open = [...open.slice(LOOKS_A_POLL), ...still];
    // What has ended may not be all that has: only what is under way is worth a pause.
    if (open.length > 0 && still.length > 0) await clock.sleep(POLL_EVERY_MS, signal).catch(() => undefined);
  }
  return { ended, open };
}
