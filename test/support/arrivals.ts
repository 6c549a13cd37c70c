import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import type { Arrival, WatchTrouble } from '../../src/deliver/intake/watch/messages.ts';
import { createWatch, type Watch, type WatchOptions } from '../../src/deliver/intake/watch/watch.ts';
import { temporaryDirectory } from './temp-directory.ts';

/** Collects what a watch reports, and lets a test wait for it. */
export class Collector {
  readonly arrivals: Arrival[] = [];
  readonly troubles: WatchTrouble[] = [];
  #check = (): void => undefined;

  readonly onArrival = (arrivals: readonly Arrival[]): void => {
    this.arrivals.push(...arrivals);
    this.#check();
  };

  readonly onTrouble = (trouble: WatchTrouble): void => {
    this.troubles.push(trouble);
    this.#check();
  };

  /** Resolves as soon as the condition holds. The test's own time-out bounds it. */
  until(condition: () => boolean): Promise<void> {
    return new Promise(resolve => {
      this.#check = () => {
        if (condition()) resolve();
      };
      this.#check();
    });
  }

  arrived(path: string): Arrival[] {
    return this.arrivals.filter(arrival => arrival.path === path);
  }

  /** Resolves once the path was reported `times` times. */
  untilArrived(path: string, times = 1): Promise<void> {
    return this.until(() => this.arrived(path).length >= times);
  }

  untilTrouble(kind: WatchTrouble['kind']): Promise<void> {
    return this.until(() => this.troubles.some(trouble => trouble.kind === kind));
  }

  /** Paths reported more than once. */
  twice(): string[] {
    const paths = this.arrivals.map(({ path }) => path);
    return paths.filter((path, index) => paths.indexOf(path) !== index);
  }
}

/** A directory of the test's own with `root` and `outside` in it; removed afterwards. */
export function scratch(t: TestContext): { base: string; root: string; outside: string } {
  const base = temporaryDirectory(t, 'sluice-watch');
  const [root, outside] = [join(base, 'root'), join(base, 'outside')];
  mkdirSync(root);
  mkdirSync(outside);
  return { base, root, outside };
}

/** A watch at the pace of a station, not yet started. */
export function watchAtStationPace(
  root: string,
  listeners: Pick<WatchOptions, 'onArrival' | 'onTrouble'>,
): Watch {
  return createWatch({
    roots: [root],
    sweepIntervalMs: 6000,
    settleMs: 10_000,
    clock: systemClock,
    log: silentLogger,
    ...listeners,
  });
}

/** A watch that is running and will be stopped. */
export async function running(
  t: TestContext,
  root: string,
  options: Partial<WatchOptions> = {},
): Promise<{ watch: Watch; got: Collector }> {
  const got = new Collector();
  const watch = createWatch({
    roots: [root],
    sweepIntervalMs: 50,
    settleMs: 400,
    clock: systemClock,
    log: silentLogger,
    onArrival: got.onArrival,
    onTrouble: got.onTrouble,
    ...options,
  });
  t.after(() => watch.stop());
  await watch.start();
  return { watch, got };
}
