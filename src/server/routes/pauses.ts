import { isoTime } from '../../base/units.ts';
import type { Pause } from '../../keep/local/pauses.ts';
import type { RouteOptions } from '../app-options.ts';

/** What people pause and resume, and what is held and asked now whether it can be used again. */
export function pauseRoutes({ station, operation }: RouteOptions): void {
  operation('listPauses', () => ({ pauses: station.pauses.list().map(shownPause) }));
  operation('pause', async ({ body }) => shownPause(await station.pauses.pause(body)));
  operation('resume', async ({ body }) => shownPause(await station.pauses.resume(body)));
  operation('probePlace', async ({ body: { kind, name } }) => {
    if (kind === 'host') {
      station.changesets.probe(name);
      return { isHeld: station.changesets.holds().some(({ host }) => host === name) };
    }
    await station.deliveries.probe({ kind, name });
    return { isHeld: station.deliveries.holds().some(hold => hold.kind === kind && hold.place === name) };
  });
}

function shownPause({ kind, name, sinceMs }: Pause) {
  return { kind, name, sinceAt: isoTime(sinceMs) };
}
