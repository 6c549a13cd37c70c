import { SCHEMA } from '../../src/cli/load.ts';
import * as config from '../../src/config/load.ts';

/** What sluice.yaml may hold, with every kind of code host and of readings that the program knows. */
export { SCHEMA as schema };

export type TestLoadOptions = Omit<config.LoadOptions, 'schema'>;

/** `loadConfig` with that schema. */
export function loadConfig(options: TestLoadOptions): Promise<config.LoadedConfig> {
  return config.loadConfig({ schema: SCHEMA, ...options });
}
