import { cacheAnswer } from '../../base/answer-cache.ts';
import { asSluiceError } from '../../base/errors.ts';
import { isoTime } from '../../base/units.ts';
import { RATES, type RateName } from '../../keep/local/rates.ts';
import type { RateSeries } from '../../station/rates.ts';
import { findTroubles } from '../../station/status/troubles.ts';
import type { RouteOptions } from '../app-options.ts';
import type { tokenGuard } from '../guard.ts';

/** What was found of the database counts for this long. */
const HEALTH_FRESH_MS = 1000;

/** Is it there, is it well, what is it doing, what comes next, and what is stuck. */
export function statusRoutes({ station, clock, changes, operation }: RouteOptions): void {
  const troubles = cacheAnswer(() => findTroubles(station), clock, 0, changes);
  operation('ping', (_asked, context) => context.text('pong\n'));
  // Anybody may ask, as often as they like.
  const health = cacheAnswer(() => station.checkStore(), clock, HEALTH_FRESH_MS);
  operation('getHealth', async (_asked, context) => {
    try {
      await health();
      return { status: 'ok' };
    } catch (error) {
      return context.json({ status: 'the database cannot be read', code: asSluiceError(error).code }, 503);
    }
  });
  operation('getReadiness', (_asked, context) => {
    if (!station.ready()) return context.json({ status: 'starting or stopping' }, 503);
    const outage = station.storeOutage();
    if (outage) return context.json({ status: 'the store is not reached', code: outage.error.code }, 503);
    const trouble = station.deliveries.journalTrouble();
    if (!trouble) return { status: 'ready' };
    return context.json({ status: 'the journal cannot be written', code: trouble.code }, 503);
  });
  operation('getStatus', () => station.status());
  const stuck = cacheAnswer(() => station.stuck(), clock, 0, changes);
  operation('listStuck', () => stuck());
  operation('leaveStation', async ({ body }) => {
    await station.leaveStation(body.id);
    return undefined;
  });
  operation('getRates', async () => {
    const { hour, day } = await station.rates.read();
    return { hour: shownSeries(hour), day: shownSeries(day) };
  });
  operation('getDiskHistory', async () => ({
    disks: (await station.diskHistory.read()).map(({ samples, holds, ...disk }) => ({
      ...disk,
      holds: [...holds],
      samples: samples.map(({ atMs, freeBytes }) => ({ takenAt: isoTime(atMs), freeBytes })),
    })),
  }));
  operation('getSchedule', ({ query }) => station.schedule.upcoming(query.limit));
  operation('getDueWork', ({ query }) => station.schedule.due(query.ahead));
  operation('listTargets', async ({ query: { from, before, offset, limit, ...filter } }) => {
    const times = { fromMs: msOf(from), beforeMs: msOf(before) };
    return station.schedule.list({ ...filter, ...times }, { offset, limit });
  });
  operation('raiseTargets', async ({ body }) => ({ raised: await station.schedule.raise(body.keys) }));
  operation('listAlerts', () => ({
    alerts: station.alerts.active().map(({ key, message, hint, beganAtMs }) => ({
      alert: key,
      message,
      hint,
      beganAt: isoTime(beganAtMs),
    })),
  }));
  operation('listTroubles', async () => ({ troubles: await troubles() }));
  // Made when it is first asked for: it takes some MiB, and most stations are never asked.
  operation('getDescription', async () =>
    (await import('../../api/openapi.ts')).openApiDocument(station.version),
  );
  operation('getMetrics', async (_asked, context) => {
    const { contentType, text } = await station.metrics.render();
    context.header('Content-Type', contentType);
    return context.body(text);
  });
}

function msOf(at: string | undefined): number | undefined {
  return at === undefined ? undefined : Date.parse(at);
}

function shownSeries({ spanMs, fromMs, amounts }: RateSeries) {
  const shown = Object.fromEntries(RATES.map(name => [name, [...amounts[name]]]));
  return { spanMs, fromAt: isoTime(fromMs), amounts: shown as Record<RateName, number[]> };
}

/** A session cookie for the pages, in exchange for the token. */
export function sessionRoute(guard: ReturnType<typeof tokenGuard>, { operation }: RouteOptions): void {
  operation('openSession', ({ body }, context) => {
    guard.openSession(context, body.token);
    return undefined;
  });
}
