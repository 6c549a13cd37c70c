import { silentLogger } from '../base/log.ts';
import type { Config } from '../config/schema.ts';
import { type Destination, openDestinations } from '../deliver/destinations.ts';
import { findProfiles } from '../keep/buckets/profiles.ts';
import type { Journal } from '../keep/local/journal.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';

/** What the commands about deliveries work with, beside a station or without one. */
export interface DeliveryTools {
  readonly config: Config;
  readonly journal: Journal;
}

/** Opens the journal for `use` and closes it again, whatever happens. */
export async function withJournal<T>(
  options: GlobalOptions,
  cli: Cli,
  use: (tools: DeliveryTools) => Promise<T>,
): Promise<T> {
  const { config } = await load(options, cli);
  const journal = await (await cli.openLocal(config.database)).openJournal();
  try {
    return await use({ config, journal });
  } finally {
    await journal.close();
  }
}

/** Opens the object stores of every profile for `use` and closes them again. Throws `credentials_*`. */
export async function withDestinations<T>(
  config: Config,
  cli: Cli,
  use: (destinations: readonly Destination[]) => Promise<T>,
): Promise<T> {
  const profiles = await findProfiles({
    credentials: config.deliver.credentials,
    onlyCredentials: config.deliver.onlyCredentials,
    environment: cli.env,
    root: config.deliver.directory,
    log: silentLogger,
  });
  const destinations = openDestinations(profiles, await cli.loadObjectStores(profiles));
  try {
    return await use(destinations);
  } finally {
    await Promise.all(destinations.map(({ store }) => store.close()));
  }
}
