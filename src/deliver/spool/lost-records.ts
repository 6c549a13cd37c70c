import { existsSync } from 'node:fs';
import { SluiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { SpoolContext } from '../context.ts';
import { AREAS, type Area } from './address.ts';
import type { Spool } from './spool.ts';
import { walkFiles } from './walk.ts';

/**
 * For a start without a single record: where files lie in the spool, the database that had them is another one, and the
 * log says so.
 */
export async function warnOfLostRecords(spool: Spool, log: Logger): Promise<void> {
  const files: Partial<Record<Area, number>> = {};
  for (const area of ['processing', 'incoming', 'failed', 'completed'] as const) {
    for await (const file of walkFiles(spool.areaPath(area)))
      if (!('problem' in file)) files[area] = (files[area] ?? 0) + 1;
  }
  const { processing = 0, incoming = 0, failed = 0, completed = 0 } = files;
  if (processing + failed + completed === 0) return;
  const words = `the database is new, and the spool is not: ${processing + incoming} files in processing and incoming are taken up, ${failed} in failed are put on record as that, ${completed} in completed have no record`;
  log.warn({ processing, incoming, failed, completed }, words);
}

/**
 * Throws spool_invalid where the delivery folder has none of its areas, and files of the spool are on record as waiting:
 * its disk is not mounted, or it is another folder. Made anew there, the areas would have all of them called missing.
 */
export function refuseWhatIsNotMounted({ spool, journal }: Pick<SpoolContext, 'spool' | 'journal'>): void {
  if (AREAS.some(area => existsSync(spool.areaPath(area)))) return;
  for (const state of ['processing', 'incoming'] as const) {
    for (let afterId = 0, page = journal.inState(state, 0, PAGE); page.length > 0; ) {
      if (page.some(({ source }) => source === null)) throw notMounted(spool);
      afterId = page.at(-1)?.id ?? afterId;
      page = journal.inState(state, afterId, PAGE);
    }
  }
}

const PAGE = 500;

function notMounted(spool: Spool): SluiceError {
  const subject = spool.areaPath('incoming');
  return new SluiceError('spool_invalid', `${subject} is not there, and files wait in it by the record`, {
    subject,
    hint: `Mount its disk, or name the right deliver.directory. Where the files are gone for good: mkdir -p ${subject}`,
  });
}
