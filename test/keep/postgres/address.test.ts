import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import { readAddress } from '../../../src/keep/postgres/address.ts';
import { temporaryDirectory } from '../../support/temp-directory.ts';

test('an address says host, database, user and schema as psql has them, and PG* what it leaves out (F-403)', () => {
  const full = readAddress('postgres://ada:s%40cret@db:5433/known?schema=team&application_name=mine', {});
  const { host, port, database, user, password, application_name } = full.config;
  assert.deepEqual(
    { host, port, database, user, password, application_name },
    { host: 'db', port: 5433, database: 'known', user: 'ada', password: 's@cret', application_name: 'mine' },
  );
  assert.equal(full.schema, 'team');
  assert.equal(full.place, 'Postgres db:5433, database known, schema team');
  const bare = readAddress('postgresql://', { PGHOST: '/run/postgresql', PGDATABASE: 'theirs' });
  assert.equal(bare.place, 'Postgres /run/postgresql, database theirs, schema sluice');
  assert.equal(bare.config.ssl, false);
  assert.equal(readAddress('postgres:///known?host=/tmp', {}).config.host, '/tmp');
});

test('an address may name several servers as it does to psql, of which the one that takes changes is meant (F-609)', () => {
  const hostsOf = (url: string, env: NodeJS.ProcessEnv = {}) => readAddress(url, env).hosts;
  const two = [
    { host: 'db1', port: 5433 },
    { host: 'db2', port: 5432 },
  ];
  const full = readAddress('postgres://ada:s%40cret@db1:5433,db2/known?target_session_attrs=read-write', {});
  assert.deepEqual(full.hosts, two);
  const { user, password, database } = full.config;
  assert.deepEqual({ user, password, database }, { user: 'ada', password: 's@cret', database: 'known' });
  assert.equal(full.place, 'Postgres db1:5433 or db2:5432, database known, schema sluice');
  assert.deepEqual(hostsOf('postgres:///known?host=db1,db2&port=5433,5432'), two);
  assert.deepEqual(hostsOf('postgres:///known', { PGHOST: 'db1,db2', PGPORT: '5433,5432' }), two);
  assert.deepEqual(hostsOf('postgres://[::1]:5433,[fe80::1]/known'), [
    { host: '::1', port: 5433 },
    { host: 'fe80::1', port: 5432 },
  ]);
  assert.deepEqual(hostsOf('postgres://db/known?target_session_attrs=primary'), [{ host: 'db', port: 5432 }]);
});

test('TLS modes mean what libpq means by them (F-403)', t => {
  const ssl = (query: string, env: NodeJS.ProcessEnv = {}) =>
    readAddress(`postgres://db/known?${query}`, env).config.ssl as Record<string, unknown> | false;
  const ca = join(temporaryDirectory(t), 'root.crt');
  writeFileSync(ca, 'the authority');
  assert.equal(ssl('sslmode=disable'), false);
  assert.deepEqual(ssl('sslmode=require'), { rejectUnauthorized: false });
  assert.deepEqual(ssl('', { PGSSLMODE: 'require' }), { rejectUnauthorized: false });
  assert.deepEqual(ssl('sslmode=disable', { PGSSLMODE: 'require' }), false);
  assert.deepEqual(ssl('sslmode=verify-full'), {});
  assert.deepEqual(ssl(`sslmode=verify-full&sslrootcert=${ca}`), { ca: 'the authority' });
  const authority = ssl('sslmode=verify-ca', { PGSSLROOTCERT: ca });
  assert.ok(authority && authority.ca === 'the authority' && authority.rejectUnauthorized !== false);
  assert.equal(typeof authority.checkServerIdentity, 'function');
  assert.deepEqual(ssl('sslmode=require&sslrootcert=system'), {});
  assert.equal(readAddress('postgres://db/known', {}).tlsPreferred, true);
  assert.equal(readAddress('postgres://db/known?sslmode=require', {}).tlsPreferred, false);
});

test('an address that cannot be used says why, and nothing of its password (F-403)', () => {
  const addresses = [
    'postgres://ada:hidden@db/known?sslmode=maybe',
    'postgres://ada:hidden@db/known?sslmode=verify-ca',
    'postgres://ada:hidden@db/known?sslmode=require&sslrootcert=/not/there',
    'postgres://ada:hidden@db/known?schema=pg_mine',
    'postgres://ada:hidden@db:port/known',
    'postgres://ada:hidden@db1,db2/known?target_session_attrs=standby',
    'postgres://ada:hidden@db1,,db2/known',
    'postgres://ada:hidden@db1:port,db2/known',
    'postgres://ada:hidden@/known?host=db1,/run/postgresql',
    'postgres://ada:hidden@/known?host=db1,db2,db3&port=1,2',
  ];
  for (const url of addresses) {
    assert.throws(
      () => readAddress(url, {}),
      (error: unknown) =>
        error instanceof SluiceError && error.code === 'config_invalid' && !/hidden/.test(error.message),
      url,
    );
  }
});
