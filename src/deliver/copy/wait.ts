import type { Clock } from '../../base/clock.ts';
import type { FileRecord, Journal } from '../../keep/local/journal.ts';

const POLL_EVERY_MS = 100;

/**
 * Resolves when every record has ended, in `completed` or `failed` (`--wait`). It polls the journal, since the station
 * that delivers is another process. Rejects with the signal's reason.
 */
export async function waitForDelivery(
  journal: Journal,
  ids: readonly number[],
  clock: Clock,
  signal: AbortSignal,
): Promise<FileRecord[]> {
  const ended: FileRecord[] = [];
  let open = [...ids];
  for (;;) {
    const still: number[] = [];
    for (const id of open) {
      const record = journal.byId(id);
      if (record?.state === 'completed' || record?.state === 'failed') ended.push(record);
      else if (record) still.push(id);
    }
    open = still;
    if (open.length === 0) return ended;
    await clock.sleep(POLL_EVERY_MS, signal);
  }
}
