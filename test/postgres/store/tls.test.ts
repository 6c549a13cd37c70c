import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { PostgresDatabase } from '../../../src/keep/postgres/database.ts';
import { temporaryDirectory } from '../../support/git-repositories.ts';
import { serverUser } from '../../support/postgres/binaries.ts';
import { addressIn, ownServer, testDatabase } from '../../support/postgres/postgres.ts';

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority, and certificates of it by name. */
function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  for (const authority of ['ca', 'other'])
    openssl(
      ...['req', '-x509', ...CURVE, '-days', '2', '-subj', `/CN=${authority}`],
      ...['-keyout', `${authority}.key`, '-out', `${authority}.pem`],
    );
  const sign = (name: string, subject: string, ...validity: string[]): void => {
    writeFileSync(join(folder, 'names'), `subjectAltName=${subject}\n`);
    openssl('req', ...CURVE, '-subj', '/CN=db', '-keyout', `${name}.key`, '-out', `${name}.csr`);
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-extfile', 'names', '-out', `${name}.pem`, ...validity],
    );
  };
  sign('good', 'IP:127.0.0.1,DNS:localhost', '-days', '2');
  sign('elsewhere', 'DNS:db.example.com', '-days', '2');
  // It was over before it began.
  sign('expired', 'IP:127.0.0.1', '-days', '-1');
}

test('TLS holds what its mode promises: authority, host and date of a real server (F-403, F-408)', async t => {
  const folder = temporaryDirectory(t);
  makeCertificates(folder);
  const server = await ownServer(t);
  const { url, tcpUrl } = addressIn(server);
  const admin = await testDatabase(t, { url });
  const present = async (name: string): Promise<void> => {
    const user = serverUser();
    for (const end of ['pem', 'key']) {
      const path = join(server.socketFolder, `server.${end}`);
      copyFileSync(join(folder, `${name}.${end}`), path);
      chmodSync(path, 0o600);
      if (user) chownSync(path, user.uid, user.gid);
    }
    await admin.run(`ALTER SYSTEM SET ssl_cert_file = '${server.socketFolder}/server.pem'`);
    await admin.run(`ALTER SYSTEM SET ssl_key_file = '${server.socketFolder}/server.key'`);
    await admin.run('ALTER SYSTEM SET ssl = on');
    await server.stop();
    await server.start();
  };
  const open = async (mode: string, authority = 'ca'): Promise<string | undefined> => {
    const tls = `&sslmode=${mode}&sslrootcert=${join(folder, `${authority}.pem`)}`;
    const database = await PostgresDatabase.open({ url: tcpUrl() + tls, clock: systemClock, env: {} });
    const row = await database.first('SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    await database.close();
    return row?.version as string | undefined;
  };
  const refuses = (words: RegExp) => (error: unknown) =>
    error instanceof SluiceError && error.code === 'database_refused' && words.test(error.message);
  await present('good');
  assert.match((await open('verify-full')) ?? '', /^TLSv1/);
  await assert.rejects(open('verify-full', 'other'), refuses(/self-signed|unable to/i));
  await present('elsewhere');
  assert.match((await open('verify-ca')) ?? '', /^TLSv1/);
  await assert.rejects(open('verify-full'), refuses(/altnames|127\.0\.0\.1/i));
  await present('expired');
  await assert.rejects(open('verify-full'), refuses(/expired/i));
});
