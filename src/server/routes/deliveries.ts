import type { Context } from 'hono';
import { z } from 'zod';
import type { Asked } from '../../api/operations.ts';
import { SluiceError } from '../../base/errors.ts';
import { isoOrNull } from '../../base/units.ts';
import type { FailedOutcome, FailedSelection } from '../../deliver/failed.ts';
import { toListedDelivery } from '../../deliver/listing.ts';
import { SYNC_QUIET_MS } from '../../deliver/sync-now.ts';
import { FILE_STATES, type FileRecord, statesOf } from '../../keep/local/journal.ts';
import { type RecordOrder, type RecordPlace, recordPlace } from '../../keep/local/record-order.ts';
import type { RouteOptions } from '../app-options.ts';
import { ById, nextCursor, readCursor } from '../cursor.ts';

/** `recordPlace` of each order, as a cursor brings it back. */
const PLACES: Readonly<Record<RecordOrder, z.ZodType<RecordPlace>>> = {
  newest: ById,
  path: z.tuple([z.string(), z.string(), z.string(), z.int()]),
  size: z.tuple([z.int(), z.enum(FILE_STATES), z.int()]),
  change: z.tuple([z.string(), z.enum(FILE_STATES), z.int()]),
};

/** Records of files, manual sync and what has failed. */
export function deliveryRoutes({ station: { deliveries }, stopping, operation }: RouteOptions): void {
  operation('listDeliveries', ({ query }) => {
    const { state, profile, bucket, search, cause, order, reverse, offset, cursor, limit } = query;
    const after = readCursor(cursor, PLACES[order]);
    const filter = {
      states: state && statesOf(state),
      profile,
      bucket,
      text: search,
      errorCode: cause,
    };
    const records = deliveries.list({ ...filter, order, reverse, after, offset, limit });
    return {
      deliveries: records.map(toListedDelivery),
      total: deliveries.count(filter),
      next: nextCursor(records, limit, record => recordPlace(record, order)),
    };
  });
  operation('getDelivery', ({ path }) => {
    const { record, attempts } = deliveries.record(path.id);
    return { ...toListedDelivery(record), ...wayOf(record), attemptHistory: attempts };
  });
  const sync = async ({ query }: Pick<Asked<'syncDeliveries'>, 'query'>, context: Context) => {
    const signal = AbortSignal.any([context.req.raw.signal, stopping]);
    try {
      return await deliveries.syncNow(signal, query.wait ? {} : { quietMs: SYNC_QUIET_MS });
    } catch (error) {
      if (!stopping.aborted) throw error;
      const message = 'the station is stopping; what waits goes on once it is back';
      throw new SluiceError('stopping', message, { cause: error });
    }
  };
  operation('syncDeliveries', sync);
  operation('syncDeliveriesUnversioned', sync);
  operation('retryFailed', ({ body }) => actOn(body, selection => deliveries.retryFailed(selection)));
  operation('dropFailed', ({ body }) => actOn(body, selection => deliveries.dropFailed(selection)));
}

/** What one record says beyond its line in a list: its way, and the object that it became. Pure. */
function wayOf(record: FileRecord) {
  const { fileCreationDate, enteredAtMs, sentAtMs, completedAtMs, removedAtMs, droppedAtMs } = record;
  const { source, objectKey, verified, etag, crc32 } = record;
  return {
    createdAt: fileCreationDate,
    enteredAt: isoOrNull(enteredAtMs),
    sentAt: isoOrNull(sentAtMs),
    completedAt: isoOrNull(completedAtMs),
    removedAt: isoOrNull(removedAtMs),
    droppedAt: isoOrNull(droppedAtMs),
    source,
    objectKey,
    verified,
    etag,
    crc32,
  };
}

async function actOn(
  { limit, ...selection }: Asked<'retryFailed'>['body'],
  act: (selection: FailedSelection) => Promise<FailedOutcome[]>,
) {
  const outcomes = await act(selection);
  const problems = outcomes.filter(({ problem }) => problem !== undefined);
  return {
    total: outcomes.length,
    problems: problems.length,
    // What could not be done comes first, so that a limit does not hide it.
    deliveries: [...problems, ...outcomes.filter(({ problem }) => problem === undefined)]
      .slice(0, limit)
      .map(({ record, problem }) => ({ ...toListedDelivery(record), problem })),
  };
}
