/**
 * A fleet on this machine, to look at: `npm run fleet [-- --folder FOLDER] [--repo ADDRESS]…`. A PostgreSQL, an object
 * store and three stations that share the one and deliver to the other, without containers. Says where the pages are, and
 * runs until Ctrl-C. The stations' roots lie in the folder; without one, in a new one that is removed at the end, as what is in
 * the PostgreSQL and the object store always is.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { killAtExit } from '../test/support/left-behind.ts';
import { PostgresServer } from '../test/support/postgres/server.ts';
import { startS3Server } from '../test/support/s3-server/server.ts';

const { values } = parseArgs({
  options: { folder: { type: 'string' }, repo: { type: 'string', multiple: true } },
});
const STATIONS = ['one', 'two', 'three'];
const BUCKET = 'fleet';
const checkout = resolve(import.meta.dirname, '..');
const repositories = values.repo ?? [checkout];
const folder =
  values.folder === undefined ? mkdtempSync(join(tmpdir(), 'sluice-fleet-')) : resolve(values.folder);
const inPostgres = mkdtempSync(join(tmpdir(), 'sluice-fleet-postgres-'));

const postgres = await PostgresServer.make(inPostgres);
process.on('exit', () => {
  postgres.killNow();
  rmSync(inPostgres, { recursive: true, force: true, maxRetries: 5 });
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
await postgres.start();
const store = `postgres://sluice:${postgres.password}@127.0.0.1:${postgres.port}/postgres`;
const s3 = await startS3Server({ buckets: [BUCKET] });

/** @returns the process, and where its pages are once they are */
async function startStation(name: string): Promise<{ child: ChildProcess; url: string }> {
  const root = join(folder, name);
  mkdirSync(root, { recursive: true });
  const { accessKeyId, secretAccessKey } = s3.credential;
  const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  const place = `aws_endpoint = ${s3.endpoint}\naws_region = ${s3.region}\n`;
  writeFileSync(join(root, 'credentials'), `[here]\nprovider = s3\n${keys}${place}`, { mode: 0o600 });
  writeFileSync(
    join(root, 'sluice.yaml'),
    `repos: ${JSON.stringify(repositories)}\nstore: \${SLUICE_FLEET}\n`,
  );
  const args = [join(checkout, 'bin/sluice.js'), 'up', '--port', '0', '--credentials', 'credentials'];
  const env = { ...process.env, SLUICE_FLEET: store };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  killAtExit(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /pages +(http:\S+)/.exec(line)?.[1];
    if (url !== undefined) return { child, url };
  }
  throw new Error(`station ${name} has ended`);
}

const fleet = await Promise.all(STATIONS.map(startStation));
for (const [index, { url }] of fleet.entries()) {
  const incoming = join(folder, STATIONS[index] ?? '', 'station/incoming/here', BUCKET);
  console.log(`station ${STATIONS[index]}: ${url}\n  files put into ${incoming} are delivered`);
}
console.log(`object store: ${s3.endpoint}, bucket ${BUCKET}\nCtrl-C ends all of them.`);

await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await Promise.all(
  fleet.map(async ({ child }) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'close');
  }),
);
await s3.stop();
await postgres.stop();
