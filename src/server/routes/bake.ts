import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { type ErrorRecord, fromErrorRecord, SluiceError } from '../../base/errors.ts';
import type { Run } from '../../keep/store/types.ts';
import type { StationApi } from '../../station/station-api.ts';
import { readJson, readQuery } from '../body.ts';
import { problemAnswer } from '../problem.ts';

const BakeRequest = z.strictObject({
  url: z.string().min(1),
  wait: z.boolean().default(false),
});

const RunsQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(50) });

/** A run as the API shows it. */
export function runAnswer(run: Run): Record<string, unknown> {
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

/** `POST /bake` (P1, P2) and the runs it starts. */
export function bakeRoutes(app: Hono, station: StationApi, maxBodyBytes: number): void {
  app.post('/bake', async context => {
    const { url, wait } = await readJson(context, BakeRequest, maxBodyBytes);
    const run = await station.requestBake(url, 'asked for by hand');
    context.header('Location', runPath(run));
    if (!wait) return context.json(runAnswer(run), 202);
    return endOfRun(context, await station.waitForRun(run.id, context.req.raw.signal));
  });
  app.all('/bake', context => {
    context.header('Allow', 'POST');
    return problemAnswer(
      context,
      new SluiceError('method_not_allowed', `/bake takes POST, not ${context.req.method}`),
    );
  });

  app.get('/api/v1/runs', async context => {
    const { limit } = readQuery(context, RunsQuery);
    return context.json({ runs: (await station.recentRuns(limit)).map(runAnswer) });
  });
  app.get('/api/v1/runs/:id', async context => {
    const run = await station.run(Number(context.req.param('id')));
    if (!run) throw new SluiceError('not_found', `there is no run ${context.req.param('id')}`);
    return context.json(runAnswer(run));
  });
}

/** Never a success status for a failure (P2). */
function endOfRun(context: Context, run: Run): Response {
  if (run.error === null) return context.json(runAnswer(run), 200);
  const error = fromErrorRecord(JSON.parse(run.error) as ErrorRecord);
  return problemAnswer(context, error, { run: runAnswer(run) });
}
