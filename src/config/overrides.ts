import type { Environment } from './environment.ts';
import type { SettingPath } from './paths.ts';

/** What options and variables may set beyond the file. */
export type OverrideName =
  | 'root'
  | 'database'
  | 'store'
  | 'logLevel'
  | 'host'
  | 'port'
  | 'token'
  | 'credentials'
  | 'onlyCredentials'
  | 'serverDirectory';

interface Override {
  readonly path: SettingPath;
  readonly variable: string;
  /** Absent for secrets: other users may read a command line. */
  readonly option?: string;
  /** The alternative in the file that gives way, too. */
  readonly displaces?: SettingPath;
}

export const OVERRIDES: Readonly<Record<OverrideName, Override>> = {
  root: { path: ['root'], variable: 'SLUICE_ROOT', option: '--root' },
  database: { path: ['database'], variable: 'SLUICE_DATABASE', option: '--database' },
  store: { path: ['store'], variable: 'SLUICE_STORE', displaces: ['storeFile'] },
  logLevel: { path: ['log', 'level'], variable: 'SLUICE_LOG_LEVEL', option: '--log-level' },
  credentials: { path: ['deliver', 'credentials'], variable: 'SLUICE_CREDENTIALS', option: '--credentials' },
  onlyCredentials: {
    path: ['deliver', 'onlyCredentials'],
    variable: 'SLUICE_ONLY_CREDENTIALS',
    option: '--only-credentials',
  },
  serverDirectory: {
    path: ['deliver', 'directory'],
    variable: 'SLUICE_SERVER_DIRECTORY',
    option: '--server-directory',
  },
  host: { path: ['server', 'host'], variable: 'SLUICE_HOST', option: '--host' },
  port: { path: ['server', 'port'], variable: 'SLUICE_PORT', option: '--port' },
  token: { path: ['server', 'token'], variable: 'SLUICE_TOKEN', displaces: ['server', 'tokenFile'] },
};

/** Names the configuration file where no option does. */
export const FILE_VARIABLE = 'SLUICE_CONFIG';

export interface Overriding {
  readonly path: SettingPath;
  readonly displaces: SettingPath | undefined;
  readonly value: string | number;
  /** `--port` or `SLUICE_PORT`. */
  readonly origin: string;
}

/** Options first, then variables; an empty variable counts as not set. */
export function collectOverrides(
  options: Partial<Readonly<Record<OverrideName, string | number | undefined>>>,
  env: Environment,
): Overriding[] {
  return Object.entries(OVERRIDES).flatMap(([name, { path, variable, option, displaces }]) => {
    const fromOption = options[name as OverrideName];
    if (fromOption !== undefined) return [{ path, displaces, value: fromOption, origin: option ?? name }];
    const fromVariable = env[variable];
    return fromVariable ? [{ path, displaces, value: fromVariable, origin: variable }] : [];
  });
}
