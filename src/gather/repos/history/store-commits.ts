import { setImmediate } from 'node:timers/promises';
import { asSluiceError } from '../../../base/errors.ts';
import type { HistoryWriter } from '../../../keep/store/history.ts';
import type { CommitSource } from './commit-source.ts';

/**
 * Stores what a walk gives while it is still walking. Between two batches the event loop gets its turn, so that
 * reading goes on.
 * @param onStored called after each batch with how many commits it had
 * @returns how many were new in the store
 * @throws SluiceError as git fails, `cancelled` on `signal`, and what the store throws; what was stored stays
 */
export async function storeCommits(
  source: CommitSource,
  writer: Pick<HistoryWriter, 'append'>,
  onStored: (commits: number) => void,
  signal?: AbortSignal,
): Promise<number> {
  let added = 0;
  try {
    for (let batch = await source.next(); batch.length > 0; batch = await source.next()) {
      // git may be done already, and the rest only waits to be stored.
      if (signal?.aborted) throw asSluiceError(signal.reason, { operation: 'read history' });
      added += await writer.append(batch, batch.length);
      onStored(batch.length);
      await setImmediate();
    }
  } finally {
    await source.close();
  }
  await source.done;
  return added;
}
