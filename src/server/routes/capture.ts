import { shownCapture, shownCaptureFile, shownFreed } from '../../api/capture.ts';
import { cacheAnswer } from '../../base/answer-cache.ts';
import { isoOrNull } from '../../base/units.ts';
import type { RouteOptions } from '../app-options.ts';
import { ById, nextCursor, readCursor } from '../cursor.ts';

/** Collectors, the files of their readings with what became of them, and the disk budget. */
export function captureRoutes({ station: { captures }, clock, operation }: RouteOptions): void {
  // They go through all files, of which there may be hundreds of thousands.
  const sums = cacheAnswer(async () => captures.totals(), clock);
  operation('getCapture', async () => {
    const status = shownCapture(await captures.status());
    const totals = new Map((await sums()).map(({ collector, ...own }) => [collector, own]));
    const { oldestAtMs, ...waiting } = captures.waiting();
    return {
      ...status,
      collectors: status.collectors.map(one => ({ ...one, kept: totals.get(one.name) ?? null })),
      waiting: { ...waiting, oldestAt: isoOrNull(oldestAtMs) },
    };
  });
  operation('listCaptureFiles', async ({ query: { collector, reverse, offset, cursor, limit } }) => {
    const [afterId] = readCursor(cursor, ById) ?? [];
    const files = captures.files({ collector, reverse, afterId, offset, limit });
    const counted = (await sums()).filter(one => collector === undefined || one.collector === collector);
    const total = counted.reduce((sum, one) => sum + one.files, 0);
    return { files: files.map(shownCaptureFile), total, next: nextCursor(files, limit, ({ id }) => [id]) };
  });
  operation('getCaptureFile', ({ path }) => shownCaptureFile(captures.file(path.id)));
  operation('getDiskBudget', async ({ query }) => {
    const { plan, freed } = await captures.disk(query.limit);
    return { plan, freed: freed.map(shownFreed) };
  });
}
