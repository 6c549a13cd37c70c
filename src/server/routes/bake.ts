import type { Context } from 'hono';
import type { Answer } from '../../api/operations.ts';
import { type ErrorRecord, fromErrorRecord, SluiceError } from '../../base/errors.ts';
import { isoOrNull } from '../../base/units.ts';
import type { Run } from '../../keep/store/types.ts';
import type { RouteOptions } from '../app-options.ts';
import { ById, nextCursor, readCursor } from '../cursor.ts';
import { problemAnswer } from '../problem.ts';

/** A run as the API shows it. */
function runAnswer(run: Run): Answer<'getRun'> {
  return {
    id: run.id,
    url: run.url,
    state: run.state,
    reason: run.reason,
    requestedAt: isoOrNull(run.requestedAtMs),
    startedAt: isoOrNull(run.startedAtMs),
    finishedAt: isoOrNull(run.finishedAtMs),
    summary: run.summary === null ? null : JSON.parse(run.summary),
    error: run.error === null ? null : JSON.parse(run.error),
    links: { self: runPath(run) },
  };
}

function runPath(run: Run): string {
  return `/api/v1/runs/${run.id}`;
}

/** `POST /bake` and the runs it starts. */
export function bakeRoutes({ station: { repositories }, stopping, operation }: RouteOptions): void {
  const waitForEnd = async (run: Run, signal: AbortSignal): Promise<Run> => {
    try {
      return await repositories.waitForRun(run.id, signal);
    } catch (error) {
      if (!stopping.aborted) throw error;
      const message = `the station is stopping; ${runPath(run)} goes on once it is back`;
      throw new SluiceError('stopping', message, { cause: error });
    }
  };

  operation('bake', async ({ body: { url, wait } }, context) => {
    const run = await repositories.requestBake(url, 'asked for by hand');
    context.header('Location', runPath(run));
    if (!wait) return runAnswer(run);
    return endOfRun(context, await waitForEnd(run, AbortSignal.any([context.req.raw.signal, stopping])));
  });

  operation('listRuns', async ({ query: { cursor, limit } }) => {
    const [beforeId] = readCursor(cursor, ById) ?? [];
    const runs = await repositories.recentRuns(limit, beforeId);
    return { runs: runs.map(runAnswer), next: nextCursor(runs, limit, ({ id }) => [id]) };
  });
  operation('getRun', async ({ path }) => {
    const run = await repositories.run(path.id);
    if (!run) throw new SluiceError('not_found', `there is no run ${path.id}`);
    return runAnswer(run);
  });
}

/** Never a success status for a failure. */
function endOfRun(context: Context, run: Run): Response {
  if (run.error === null) return context.json(runAnswer(run), 200);
  const error = fromErrorRecord(JSON.parse(run.error) as ErrorRecord);
  return problemAnswer(context, error, { run: runAnswer(run) });
}
