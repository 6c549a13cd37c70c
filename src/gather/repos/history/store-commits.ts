import { setImmediate } from 'node:timers/promises';
import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import type { HistoryWriter } from '../../../keep/store/history.ts';
import { LOCAL_SILENCE_MS } from '../git/spawn.ts';
import type { CommitSource } from './commit-source.ts';

/** How the storing of a walk is followed and bounded. */
export interface StoreCommitsOptions {
  /** Called after each batch with how many commits it had, and how many of them were new. */
  readonly onStored?: (commits: number, added: number) => void;
  /** Called when nothing has come for `silenceMs`: whoever started git stops it with this error. */
  readonly onSilence?: (error: SluiceError) => void;
  /** `LOCAL_SILENCE_MS` by default. */
  readonly silenceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Stores what a walk gives while it is still walking. Between two batches the event loop gets its turn, so that
 * reading goes on.
 * @returns how many were new in the store
 * @throws SluiceError as git fails, `cancelled` on `signal`, and what the store throws; what was stored stays
 */
export async function storeCommits(
  source: CommitSource,
  writer: Pick<HistoryWriter, 'append' | 'commitsAtOnce'>,
  { onStored, onSilence, silenceMs = LOCAL_SILENCE_MS, signal }: StoreCommitsOptions = {},
): Promise<number> {
  let added = 0;
  const next = async (): ReturnType<CommitSource['next']> => {
    const timer = setTimeout(() => onSilence?.(standsStill(silenceMs)), silenceMs);
    try {
      return await source.next(writer.commitsAtOnce);
    } finally {
      clearTimeout(timer);
    }
  };
  try {
    for (let batch = await next(); batch.length > 0; batch = await next()) {
      // git may be done already, and the rest only waits to be stored.
      if (signal?.aborted) throw asSluiceError(signal.reason, { operation: 'read history' });
      const addedNow = await writer.append(batch, batch.length);
      added += addedNow;
      onStored?.(batch.length, addedNow);
      await setImmediate();
    }
  } finally {
    await source.close();
  }
  await source.done;
  return added;
}

function standsStill(silenceMs: number): SluiceError {
  const seconds = Math.round(silenceMs / 100) / 10;
  return new SluiceError('timed_out', `git gave no commit of the history for ${seconds} s`, {
    operation: 'read history',
  });
}
