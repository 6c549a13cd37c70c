import { Hono } from 'hono';
import { SluiceError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { StationApi } from '../station/station-api.ts';
import { ownHostOnly, securityHeaders, tokenGuard } from './guard.ts';
import { answerOtherMethods } from './methods.ts';
import { problemAnswer, toProblem } from './problem.ts';
import { bakeRoutes } from './routes/bake.ts';
import { cacheRoutes } from './routes/cache.ts';
import { captureRoutes } from './routes/capture.ts';
import { changesetInsightRoutes } from './routes/changeset-insights.ts';
import { changesetRoutes } from './routes/changesets.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { insightRoutes } from './routes/insights.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { pageRoutes } from './routes/pages.ts';
import { peopleRoutes } from './routes/people.ts';
import { repositoryRoutes } from './routes/repositories.ts';
import { scheduleRoutes } from './routes/schedule.ts';
import { sessionRoute, statusRoutes } from './routes/status.ts';
import { trackingRoutes } from './routes/tracking.ts';
import { troubleRoutes } from './routes/troubles.ts';
import { webhookRoutes } from './routes/webhooks.ts';

export interface AppOptions {
  readonly station: StationApi;
  readonly log: Logger;
  /** Names besides the loopback ones that the Host header may carry. */
  readonly hostNames: readonly string[];
  /** Asked for on every request that tells or changes something, when set. */
  readonly token: string | undefined;
  readonly maxBodyBytes: number;
  /** Aborts when the station stops: requests that wait for a run are then answered at once. */
  readonly stopping: AbortSignal;
  /** Folder with the pages. */
  readonly webFolder: string;
}

/** Everything that the station answers over HTTP, without the socket. */
export function createApp(options: AppOptions): Hono {
  const { station, log } = options;
  const app = new Hono();
  app.use(securityHeaders);
  app.use(ownHostOnly(options.hostNames));
  if (options.token !== undefined) {
    const guard = tokenGuard(options.token);
    app.use(guard.middleware);
    sessionRoute(app, guard, options.maxBodyBytes);
  }
  statusRoutes(app, station);
  bakeRoutes(app, station, options);
  repositoryRoutes(app, station);
  cacheRoutes(app, station, options);
  trackingRoutes(app, station, options);
  insightRoutes(app, station);
  peopleRoutes(app, station, options);
  deliveryRoutes(app, station, options);
  notificationRoutes(app, station);
  changesetRoutes(app, station, options);
  changesetInsightRoutes(app, station, () => Date.now());
  webhookRoutes(app, station);
  metricsRoutes(app, station);
  captureRoutes(app, station);
  scheduleRoutes(app, station);
  troubleRoutes(app, station, () => performance.now());
  pageRoutes(app, options.webFolder);
  answerOtherMethods(app);
  app.notFound(context =>
    problemAnswer(context, new SluiceError('not_found', `there is nothing at ${context.req.path}`)),
  );
  app.onError((error, context) => {
    const { code, status, detail } = toProblem(error);
    const about = { method: context.req.method, path: context.req.path, code };
    // Only what is wrong here is worth its stack: a host that does not answer is told to whoever asked for it.
    if (code === 'internal') log.error({ ...about, err: error }, 'request failed');
    else if (status >= 500 && code !== 'cancelled') log.warn({ ...about, reason: detail }, 'request failed');
    return problemAnswer(context, error);
  });
  return app;
}
