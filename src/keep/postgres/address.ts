import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { parse } from 'pg-connection-string';
import { SluiceError } from '../../base/errors.ts';
import type { PostgresHost } from './hosts.ts';

/** Where a Postgres store is, and how it is reached. */
export interface PostgresAddress {
  /** Everything of node-postgres that the address and the environment say; PG* that are absent here it reads by itself. */
  readonly config: ClientConfig;
  /** All servers that it names, in their order; the one that takes changes is meant. */
  readonly hosts: readonly PostgresHost[];
  readonly schema: string;
  /** Try TLS first, and go without where the server has none (`sslmode=prefer`, the default of every client). */
  readonly tlsPreferred: boolean;
  /** For people: host, port, database and schema. Never a password or any other parameter. */
  readonly place: string;
}

export const DEFAULT_SCHEMA = 'sluice';
/** Longer names Postgres cuts, so that two could be one. */
const MAX_NAME_BYTES = 63;

/** Parameters of an address that PG* variables stand in for, and files that every client looks for in ~/.postgresql. */
const TLS_PARAMETERS: Readonly<Record<string, { readonly variable: string; readonly file?: string }>> = {
  sslmode: { variable: 'PGSSLMODE' },
  sslrootcert: { variable: 'PGSSLROOTCERT', file: 'root.crt' },
  sslcert: { variable: 'PGSSLCERT', file: 'postgresql.crt' },
  sslkey: { variable: 'PGSSLKEY', file: 'postgresql.key' },
};
const DEFAULT_PORT = 5432;
/** What may be asked of a server (libpq's words), and is asked whatever is said. */
const WRITABLE = ['any', 'read-write', 'primary'];
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/**
 * Reads `postgres://user@host:port/database?schema=…&sslmode=…` as libpq does (postgresql.org/docs/current/libpq-connect.html),
 * with the PG* variables for what it leaves out.
 * @throws SluiceError `config_invalid`, with words that show nothing of a password
 */
export function readAddress(url: string, env: NodeJS.ProcessEnv): PostgresAddress {
  const { address: given, parameters } = split(url);
  const schema = checkedSchema(parameters.get('schema') ?? DEFAULT_SCHEMA);
  parameters.delete('schema');
  checkTarget(parameters.get('target_session_attrs') ?? env.PGTARGETSESSIONATTRS);
  parameters.delete('target_session_attrs');
  const { address, names, ports } = hostsIn(given, parameters, env);
  const isLocal = isSocket(address, parameters, env);
  const mode = isLocal ? 'disable' : addTls(parameters, env);
  const one = parsed(`${address}?${parameters}`);
  const hosts = hostsOf(
    names.length > 1 ? names : [one.host || env.PGHOST || 'localhost'],
    names.length > 1 ? ports : [String(one.port || env.PGPORT || DEFAULT_PORT)],
  );
  const config = names.length > 1 ? { ...one, ...hosts[0] } : one;
  const { database, user } = config;
  return {
    config,
    hosts,
    schema,
    tlsPreferred: mode === 'prefer' || mode === 'allow',
    place: placeOf({
      hosts,
      database: database || env.PGDATABASE || user || env.PGUSER || 'postgres',
      schema,
    }),
  };
}

function split(url: string): { address: string; parameters: URLSearchParams } {
  const [address = '', query = ''] = url.split(/\?(.*)/s, 2);
  return { address, parameters: new URLSearchParams(query) };
}

/** A station writes: what leads to a standby is a mistake. */
function checkTarget(target: string | undefined): void {
  if (target === undefined || target === '' || WRITABLE.includes(target)) return;
  throw invalid(`target_session_attrs is one of ${WRITABLE.join(', ')}, since a station writes`);
}

interface NamedHosts {
  /** With the first of several hosts only, as one that names one. */
  readonly address: string;
  /** Where there are several. */
  readonly names: readonly string[];
  readonly ports: readonly string[];
}

/** Takes several hosts, `one:5432,two`, out of an address, its parameters or PG*; several are never left in them. */
function hostsIn(address: string, parameters: URLSearchParams, env: NodeJS.ProcessEnv): NamedHosts {
  const [, scheme = '', login = '', list = '', rest = ''] =
    /^(\w+:\/\/)((?:[^@/]*@)?)([^/]*)(.*)$/s.exec(address) ?? [];
  if (list.includes(',') && !parameters.has('host')) {
    const parts = list.split(',').map(each => /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(each) ?? []);
    const [first = ''] = list.split(',');
    return {
      address: `${scheme}${login}${first}${rest}`,
      names: parts.map(([, name = '']) => decodeURIComponent(name).replace(/^\[(.*)\]$/, '$1')),
      ports: parts.map(([, , port = '']) => port || String(DEFAULT_PORT)),
    };
  }
  const named = parameters.get('host') ?? (list === '' ? (env.PGHOST ?? '') : '');
  if (!named.includes(',')) return { address, names: [], ports: [] };
  const names = named.split(',');
  const ports = (parameters.get('port') || env.PGPORT || String(DEFAULT_PORT)).split(',');
  parameters.set('host', names[0] ?? '');
  parameters.delete('port');
  return { address, names, ports };
}

/** Each host with its port; one port is every host's, as to libpq. */
function hostsOf(names: readonly string[], ports: readonly string[]): PostgresHost[] {
  if (ports.length !== 1 && ports.length !== names.length)
    throw invalid(`it names ${names.length} hosts and ${ports.length} ports`);
  const isLocal = (name: string): boolean => name.startsWith('/');
  if (names.some(isLocal) && !names.every(isLocal))
    throw invalid('of several hosts all are reached over the network, or none is');
  return names.map((name, at) => {
    const port = Number(ports[ports.length === 1 ? 0 : at] || DEFAULT_PORT);
    if (name === '' || !Number.isInteger(port) || port < 1 || port > 65_535)
      throw invalid('each of several hosts has a name, and may have a port');
    return { host: name, port };
  });
}

function isSocket(address: string, parameters: URLSearchParams, env: NodeJS.ProcessEnv): boolean {
  const host = parameters.get('host') ?? /^\w+:\/\/(?:[^@/]*@)?([^/:?]*)/.exec(address)?.[1] ?? '';
  return decodeURIComponent(host || env.PGHOST || '').startsWith('/');
}

/** Adds what TLS needs to the parameters. @returns the mode */
function addTls(parameters: URLSearchParams, env: NodeJS.ProcessEnv): string {
  for (const [name, { variable, file }] of Object.entries(TLS_PARAMETERS)) {
    const usual = file === undefined ? undefined : join(homedir(), '.postgresql', file);
    const value = parameters.get(name) || env[variable] || (usual && existsSync(usual) ? usual : undefined);
    if (value !== undefined) parameters.set(name, value);
  }
  let mode = parameters.get('sslmode') ?? 'prefer';
  if (!SSL_MODES.includes(mode)) throw invalid(`sslmode is one of ${SSL_MODES.join(', ')}`);
  // libpq's word for the certificates that the system trusts, which are Node's default.
  if (parameters.get('sslrootcert') === 'system') {
    parameters.delete('sslrootcert');
    mode = 'verify-full';
  }
  if (mode === 'verify-ca' && !parameters.has('sslrootcert')) {
    throw invalid('sslmode=verify-ca needs the authority in sslrootcert');
  }
  parameters.set('sslmode', mode === 'allow' ? 'prefer' : mode);
  return mode;
}

function parsed(url: string): ClientConfig {
  try {
    const { host, port, database, user, password, ssl, options, ...others } = parse(url, {
      useLibpqCompat: true,
    });
    return {
      host: host || undefined,
      port: port ? Number(port) : undefined,
      database: database || undefined,
      user: user || undefined,
      password: password || undefined,
      // Never undefined: node-postgres would look into the environment, and take "require" for "verify-full".
      ssl: (ssl ?? false) as boolean | ConnectionOptions,
      options: options || undefined,
      application_name: others.application_name || undefined,
    };
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    throw invalid(
      path === undefined ? 'it is not of the form postgres://user@host/database' : `${path}: ${code}`,
    );
  }
}

function checkedSchema(name: string): string {
  if (
    name === '' ||
    Buffer.byteLength(name) > MAX_NAME_BYTES ||
    name.startsWith('pg_') ||
    name.includes('\0')
  ) {
    throw invalid(`a schema has a name of 1 to ${MAX_NAME_BYTES} bytes that does not begin with pg_`);
  }
  return name;
}

function placeOf(parts: { hosts: readonly PostgresHost[]; database: string; schema: string }): string {
  const hosts = parts.hosts.map(({ host, port }) => (host.startsWith('/') ? host : `${host}:${port}`));
  return `Postgres ${hosts.join(' or ')}, database ${parts.database}, schema ${parts.schema}`;
}

function invalid(words: string): SluiceError {
  return new SluiceError('config_invalid', `the address of the store cannot be used: ${words}`);
}

/** A name as it stands in a statement. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
