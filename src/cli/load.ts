import { asSluiceError } from '../base/errors.ts';
import { parseOwner } from '../config/kinds.ts';
import { type LoadedConfig, type LoadOptions, loadConfig } from '../config/load.ts';
import { configSchema } from '../config/schema.ts';
import { READING_SOURCES } from '../gather/capture/sources/definitions.ts';
import { FORGES } from '../gather/forges/definitions.ts';
import { configuredAddress } from '../gather/repos/address/url.ts';
import type { Cli, GlobalOptions, ListenOptions } from './cli.ts';

/** What sluice.yaml may hold, with every kind of code host and of readings that there is. */
export const SCHEMA = configSchema({ forges: FORGES, readingSources: READING_SOURCES });

/** The configuration as the command line, the environment and the file have it. Throws `config_invalid`. */
export function load(options: GlobalOptions & ListenOptions, cli: Cli): Promise<LoadedConfig> {
  return loadConfig(loadOptions(options, cli));
}

/** Where the configuration comes from, for loading it again later. */
export function loadOptions(options: GlobalOptions & ListenOptions, cli: Cli): LoadOptions {
  const { root, database, logLevel, credentials, onlyCredentials, serverDirectory, host, port } = options;
  return {
    schema: SCHEMA,
    file: options.config,
    env: cli.env,
    cwd: cli.cwd,
    overrides: { root, database, logLevel, credentials, onlyCredentials, serverDirectory, host, port },
    repositoryFault: address => repositoryFault(address, cli.cwd),
  };
}

/**
 * What keeps an entry of `repos` from being an owner or an address; its words follow the setting's name in a sentence.
 */
function repositoryFault(address: string, directory: string): string | undefined {
  if (parseOwner(address, FORGES)) return undefined;
  try {
    configuredAddress(address, directory);
    return undefined;
  } catch (error) {
    return asSluiceError(error).message;
  }
}
