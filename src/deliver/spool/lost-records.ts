import type { Logger } from '../../base/log.ts';
import type { Area } from './address.ts';
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
  const words = `the database is new, and the spool is not: ${processing + incoming} files in processing and incoming are taken up, ${failed + completed} in failed and completed have no record`;
  log.warn({ processing, incoming, failed, completed }, words);
}
