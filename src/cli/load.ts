import { type LoadedConfig, loadConfig } from '../config/load.ts';
import type { Cli, GlobalOptions } from './cli.ts';

/** The configuration as the command line, the environment and the file have it. Throws `config_invalid`. */
export function load(
  options: GlobalOptions & { readonly host?: string; readonly port?: string },
  cli: Cli,
): Promise<LoadedConfig> {
  const { root, database, logLevel, host, port } = options;
  return loadConfig({
    file: options.config,
    env: cli.env,
    cwd: cli.cwd,
    overrides: { root, database, logLevel, host, port },
  });
}
