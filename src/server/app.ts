import { Hono } from 'hono';
import type { AppOptions, RouteOptions } from './app-options.ts';
import { BodyBudget } from './body-budget.ts';
import { conciseAnswers } from './concise-answers.ts';
import { nothingAt } from './fault-words.ts';
import { ownHostOnly, securityHeaders, tokenGuard } from './guard.ts';
import { answerOtherMethods } from './methods.ts';
import { operationRoutes } from './operation-routes.ts';
import { Pages } from './pages/pages.ts';
import { problemAnswer, toProblem } from './problem.ts';
import { bakeRoutes } from './routes/bake.ts';
import { captureRoutes } from './routes/capture.ts';
import { changesetRoutes } from './routes/changesets.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { eventRoutes } from './routes/events.ts';
import { exportRoutes } from './routes/export.ts';
import { changesetInsightRoutes, insightRoutes } from './routes/insights.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { pageRoutes } from './routes/pages.ts';
import { pauseRoutes } from './routes/pauses.ts';
import { peopleRoutes } from './routes/people.ts';
import { cacheRoutes, repositoryRoutes } from './routes/repositories.ts';
import { sessionRoute, statusRoutes } from './routes/status.ts';
import { webhookRoutes } from './routes/webhooks.ts';

/** Bodies that are read or worked on take no more memory than this together, or two of the largest that there may be. */
const ALL_BODIES_BYTES = 64 * 2 ** 20;

/** Everything that the station answers over HTTP, without the socket. */
export function createApp(given: AppOptions): Hono {
  const { maxBodyBytes: maxBytes } = given;
  const maxTotalBytes = Math.max(ALL_BODIES_BYTES, 2 * maxBytes);
  const bodies = new BodyBudget({ maxBytes, maxTotalBytes, maxSenderBytes: maxTotalBytes / 2 });
  const app = new Hono();
  let changed = 0;
  const options: RouteOptions = {
    ...given,
    bodies,
    changes: () => changed,
    operation: operationRoutes(app, bodies),
  };
  app.use(securityHeaders);
  app.use(ownHostOnly(options.hostNames));
  app.use('/api/*', conciseAnswers);
  app.use('/metrics', conciseAnswers);
  if (options.token !== undefined) {
    const guard = tokenGuard(options.token, options.readToken);
    app.use(guard.middleware);
    sessionRoute(guard, options);
  }
  app.use('/api/*', async ({ req }, next) => {
    await next();
    if (req.method !== 'GET' && req.method !== 'HEAD') changed += 1;
  });
  statusRoutes(options);
  eventRoutes(options);
  bakeRoutes(options);
  repositoryRoutes(options);
  cacheRoutes(options);
  insightRoutes(options);
  peopleRoutes(options);
  exportRoutes(options);
  deliveryRoutes(options);
  pauseRoutes(options);
  notificationRoutes(options);
  changesetRoutes(options);
  changesetInsightRoutes(options);
  webhookRoutes(app, options);
  captureRoutes(options);
  pageRoutes(app, new Pages(options.webFolder, { isLive: options.isLiveWeb ?? false }));
  answerOtherMethods(app);
  app.notFound(context => problemAnswer(context, nothingAt(context.req.path)));
  app.onError((error, context) => {
    const { code, status, detail } = toProblem(error);
    const about = { method: context.req.method, path: context.req.path, code };
    // Only what is wrong here is worth its stack: a host that does not answer is the answer to whoever asked for it.
    if (code === 'internal') options.log.error({ ...about, err: error }, 'request failed');
    else if (status >= 500 && code !== 'cancelled')
      options.log.warn({ ...about, reason: detail }, 'request failed');
    return problemAnswer(context, error);
  });
  return app;
}
