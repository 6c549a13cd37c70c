import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { parse } from 'pg-connection-string';
import { SluiceError } from '../../base/errors.ts';

/** Where a Postgres store is, and how it is reached. */
export interface PostgresAddress {
  /** Everything of node-postgres that the address and the environment say; PG* that are absent here it reads by itself. */
  readonly config: ClientConfig;
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
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/**
 * Reads `postgres://user@host:port/database?schema=…&sslmode=…` as libpq does (postgresql.org/docs/current/libpq-connect.html),
 * with the PG* variables for what it leaves out.
 * @throws SluiceError `config_invalid`, with words that show nothing of a password
 */
export function readAddress(url: string, env: NodeJS.ProcessEnv): PostgresAddress {
  const { address, parameters } = split(url);
  const schema = checkedSchema(parameters.get('schema') ?? DEFAULT_SCHEMA);
  parameters.delete('schema');
  const isLocal = isSocket(address, parameters, env);
  const mode = isLocal ? 'disable' : addTls(parameters, env);
  const config = parsed(`${address}?${parameters}`);
  const { host, port, database, user } = config;
  if ((host || env.PGHOST || '').includes(','))
    throw new SluiceError('config_invalid', 'the address of a Postgres names several hosts; one is tried', {
      hint: 'Name what leads to the server that takes writes: a DNS name, a virtual address or a proxy.',
    });
  return {
    config,
    schema,
    tlsPreferred: mode === 'prefer' || mode === 'allow',
    place: placeOf({
      host: host || env.PGHOST || 'localhost',
      port: String(port || env.PGPORT || 5432),
      database: database || env.PGDATABASE || user || env.PGUSER || 'postgres',
      schema,
    }),
  };
}

function split(url: string): { address: string; parameters: URLSearchParams } {
  const [address = '', query = ''] = url.split(/\?(.*)/s, 2);
  return { address, parameters: new URLSearchParams(query) };
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

function placeOf(parts: { host: string; port: string; database: string; schema: string }): string {
  const host = parts.host.startsWith('/') ? parts.host : `${parts.host}:${parts.port}`;
  return `Postgres ${host}, database ${parts.database}, schema ${parts.schema}`;
}

function invalid(words: string): SluiceError {
  return new SluiceError('config_invalid', `the address of the store cannot be used: ${words}`);
}

/** A name as it stands in a statement. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
