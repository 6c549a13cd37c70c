/** Opens what commands work on, beside a station or without one, and closes it again whatever happens. */
import { existsSync } from 'node:fs';
import { SluiceError } from '../base/errors.ts';
import { silentLogger } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import { type Destination, openDestinations } from '../deliver/destinations.ts';
import { CloneCache } from '../gather/repos/cache/clone-cache.ts';
import { currentCacheSettings } from '../gather/repos/cache/settings.ts';
import { findProfiles } from '../keep/buckets/profiles.ts';
import type { CaptureJournal } from '../keep/local/captures.ts';
import type { Journal } from '../keep/local/journal.ts';
import type { Pause } from '../keep/local/pauses.ts';
import { coldBucketOpener } from '../station/cold-bucket.ts';
import type { StorePlace, Stores } from '../station/station-api.ts';
import type { Cli } from './cli.ts';

/** The database of a configuration, or an empty one in memory where there is none yet: looking makes nothing. */
export function existingDatabase({ database }: Pick<Config, 'database'>): string {
  return existsSync(database) ? database : ':memory:';
}

/** Throws `not_found` where there is no database yet: to a command that only looks, that says more than an empty one. */
export function assertDatabase({ database, store, root }: Pick<Config, 'database' | 'store' | 'root'>): void {
  if (store !== undefined || existsSync(database)) return;
  throw new SluiceError(
    'not_found',
    `there is no database ${database}, and no station is running on ${root}`,
    {
      hint: 'Start a station with "sluice up", or say where the one that you mean keeps it: --database, --root, --config.',
    },
  );
}

export async function withStores<T>(
  place: StorePlace,
  cli: Cli,
  use: (stores: Stores) => Promise<T>,
): Promise<T> {
  return useAndClose(await cli.openStores(place), use);
}

/** For a command that only looks, or changes what is there: a database that is not there is an empty one, and is not made. */
export function withExistingStores<T>(
  { store, database }: StorePlace,
  cli: Cli,
  use: (stores: Stores) => Promise<T>,
): Promise<T> {
  const place =
    store === undefined ? { store, database: existingDatabase({ database }) } : { store, database };
  return withStores(place, cli, use);
}

/** With the cache of clones as well: the claims keep a command and a station apart. */
export function withCache<T>(
  config: Config,
  cli: Cli,
  use: (cache: CloneCache, stores: Stores) => Promise<T>,
): Promise<T> {
  return withStores(config, cli, async stores => {
    const { clock, cwd, env, loadObjectStores } = cli;
    const cache = new CloneCache({
      clones: stores.clones,
      queue: stores.queue,
      clock,
      log: silentLogger,
      settings: currentCacheSettings(() => config, cwd),
      openBucket: coldBucketOpener({ config: () => config, env, log: silentLogger, loadObjectStores }),
    });
    return useAndClose(cache, opened => use(opened, stores));
  });
}

/** The journal of deliveries. */
export async function withJournal<T>(
  database: string,
  cli: Cli,
  use: (journal: Journal) => Promise<T>,
): Promise<T> {
  return useAndClose(await (await cli.openLocal(database)).openJournal(), use);
}

/** What is paused. */
export async function readPauses(database: string, cli: Cli): Promise<readonly Pause[]> {
  return useAndClose(await (await cli.openLocal(database)).openPauses(), pauses => pauses.list());
}

/** The journal of capture. */
export async function withCaptures<T>(
  database: string,
  cli: Cli,
  use: (captures: CaptureJournal) => Promise<T> | T,
): Promise<T> {
  return useAndClose(await (await cli.openLocal(database)).openCaptures(), use);
}

/** The object stores of every profile. Throws `credentials_*`. */
export async function withDestinations<T>(
  config: Config,
  cli: Cli,
  use: (destinations: readonly Destination[]) => Promise<T>,
): Promise<T> {
  const profiles = await findProfiles({ deliver: config.deliver, env: cli.env }, silentLogger);
  const destinations = openDestinations(profiles, await cli.loadObjectStores(profiles));
  try {
    return await use(destinations);
  } finally {
    await Promise.all(destinations.map(({ store }) => store.close()));
  }
}

async function useAndClose<O extends { close(): unknown }, T>(
  opened: O,
  use: (opened: O) => Promise<T> | T,
): Promise<T> {
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}
