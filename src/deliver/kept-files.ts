import type { Reclaimer } from '../keep/disk/budget.ts';
import { type RetentionOptions, removeKept } from './retention.ts';

/** Files looked at in one pass. */
const PAGE = 500;

/** Delivered files in `completed`: their bucket has them, so they are the first to give way on a full disk (capture.md, S4). */
export function keptFiles(options: RetentionOptions): Reclaimer {
  const { journal } = options;
  return {
    name: 'completed',
    reclaimableBytes: async () => journal.retainedTotals().bytes,
    async free(bytes) {
      const freed = { files: 0, bytes: 0 };
      while (freed.bytes < bytes) {
        const page = journal.retained(PAGE);
        for (const record of page) {
          if (freed.bytes >= bytes) break;
          if (!(await removeKept(options, record))) continue;
          freed.files += 1;
          freed.bytes += record.size;
        }
        if (page.length < PAGE) break;
      }
      return freed;
    },
  };
}
