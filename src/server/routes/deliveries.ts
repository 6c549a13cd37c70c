import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { SluiceError } from '../../base/errors.ts';
import type { FailedOutcome, FailedSelection } from '../../deliver/failed.ts';
import { type ListedDelivery, toListedDelivery } from '../../deliver/listing.ts';
import { SYNC_QUIET_MS } from '../../deliver/sync-now.ts';
import { FILE_STATES } from '../../keep/local/journal.ts';
import type { RouteOptions } from '../app-options.ts';
import { readJson, readQuery } from '../body.ts';

const WAITING = ['incoming', 'processing'] as const;

const ListQuery = z.strictObject({
  /** `waiting`: on their way, in `incoming` or `processing`. */
  state: z.enum([...FILE_STATES, 'waiting']).optional(),
  profile: z.string().optional(),
  bucket: z.string().optional(),
  search: z.string().optional(),
  cause: z.string().optional(),
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

const SyncQuery = z.strictObject({
  /** Answers only once all of it was tried. */
  wait: z.stringbool().default(false),
});

const Selection = z
  .strictObject({
    all: z.boolean().optional(),
    ids: z.array(z.number().int()).min(1).optional(),
    match: z.string().min(1).optional(),
    cause: z.string().min(1).optional(),
    text: z.string().min(1).optional(),
    /** At most so many of them are answered one by one; all unless given. */
    limit: z.number().int().min(0).optional(),
  })
  .refine(
    ({ limit: _limit, ...selection }) =>
      Object.values(selection).some(value => value !== undefined && value !== false),
    {
      error: 'say which: all, ids, match, cause or text',
    },
  );

/** Records of files, manual sync and what has failed. */
export function deliveryRoutes(app: Hono, { station: { deliveries }, bodies, stopping }: RouteOptions): void {
  app.get('/api/v1/deliveries', context => {
    const { state, profile, bucket, search, cause, before, limit } = readQuery(context, ListQuery);
    const records = deliveries.list({
      limit,
      states: state === 'waiting' ? WAITING : state && [state],
      profile,
      bucket,
      text: search,
      errorCode: cause,
      beforeId: before,
    });
    return context.json({ deliveries: records.map(toListedDelivery) });
  });
  app.get('/api/v1/deliveries/:id{[0-9]+}', context => {
    const { record, attempts } = deliveries.record(Number(context.req.param('id')));
    return context.json({ ...toListedDelivery(record), attemptHistory: attempts });
  });

  const sync = async (context: Context): Promise<Response> => {
    const signal = AbortSignal.any([context.req.raw.signal, stopping]);
    try {
      const { wait } = readQuery(context, SyncQuery);
      return context.json(await deliveries.syncNow(signal, wait ? {} : { quietMs: SYNC_QUIET_MS }));
    } catch (error) {
      if (!stopping.aborted) throw error;
      const message = 'the station is stopping; what waits goes on once it is back';
      throw new SluiceError('stopping', message, { cause: error });
    }
  };
  app.post('/api/v1/deliveries/sync', sync);
  app.post('/api/deliveries/sync', sync);

  const failedRoute = (path: string, act: (selection: FailedSelection) => Promise<FailedOutcome[]>): void => {
    app.post(path, async context => {
      const { limit, ...selection } = await readJson(context, Selection, bodies);
      const outcomes = await act(selection);
      const problems = outcomes.filter(({ problem }) => problem !== undefined);
      return context.json({
        total: outcomes.length,
        problems: problems.length,
        // What could not be done comes first, so that a limit does not hide it.
        deliveries: [...problems, ...outcomes.filter(({ problem }) => problem === undefined)]
          .slice(0, limit)
          .map(failedAnswer),
      });
    });
  };
  failedRoute('/api/v1/deliveries/failed/retry', selection => deliveries.retryFailed(selection));
  failedRoute('/api/v1/deliveries/failed/drop', selection => deliveries.dropFailed(selection));
}

function failedAnswer({ record, problem }: FailedOutcome): ListedDelivery & { problem?: string } {
  return { ...toListedDelivery(record), problem };
}
