import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { type ErrorRecord, fromErrorRecord, SluiceError } from '../../base/errors.ts';
import type { Run } from '../../keep/store/types.ts';
import type { RouteOptions } from '../app-options.ts';
import { readJson, readQuery } from '../body.ts';
import { problemAnswer } from '../problem.ts';

const BakeRequest = z.strictObject({
  url: z.string({ error: 'must be the URL of a repository, as text' }).min(1, { error: 'is empty' }),
  wait: z.boolean().default(false),
});

const RunsQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(50) });

/** A run as the API shows it. */
function runAnswer(run: Run): Record<string, unknown> {
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

function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function runPath(run: Run): string {
  return `/api/v1/runs/${run.id}`;
}

/** `POST /bake` and the runs it starts. */
export function bakeRoutes(app: Hono, { station: { repositories }, bodies, stopping }: RouteOptions): void {
  const waitForEnd = async (run: Run, signal: AbortSignal): Promise<Run> => {
    try {
      return await repositories.waitForRun(run.id, signal);
    } catch (error) {
      if (!stopping.aborted) throw error;
      const message = `the station is stopping; ${runPath(run)} goes on once it is back`;
      throw new SluiceError('stopping', message, { cause: error });
    }
  };

  app.post('/bake', async context => {
    const { url, wait } = await readJson(context, BakeRequest, bodies);
    const run = await repositories.requestBake(url, 'asked for by hand');
    context.header('Location', runPath(run));
    if (!wait) return context.json(runAnswer(run), 202);
    return endOfRun(context, await waitForEnd(run, AbortSignal.any([context.req.raw.signal, stopping])));
  });

  app.get('/api/v1/runs', async context => {
    const { limit } = readQuery(context, RunsQuery);
    return context.json({ runs: (await repositories.recentRuns(limit)).map(runAnswer) });
  });
  app.get('/api/v1/runs/:id', async context => {
    const id = context.req.param('id');
    const run = /^[1-9]\d{0,15}$/.test(id) ? await repositories.run(Number(id)) : undefined;
    if (!run) throw new SluiceError('not_found', `there is no run ${id}`);
    return context.json(runAnswer(run));
  });
}

/** Never a success status for a failure. */
function endOfRun(context: Context, run: Run): Response {
  if (run.error === null) return context.json(runAnswer(run), 200);
  const error = fromErrorRecord(JSON.parse(run.error) as ErrorRecord);
  return problemAnswer(context, error, { run: runAnswer(run) });
}
