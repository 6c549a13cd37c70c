/**
 * What a store on Postgres costs beside one on SQLite: a first bake of a repository by both in turn (wall time, and
 * processor time of sluice and of the server), and, with --commits, every insight's question at so many commits, copied
 * from a seeded SQLite with `sluice store copy`'s own code.
 *
 * The server is the one of the tests, an npm package that is compiled for size and takes half as long again as one of a
 * distribution; SLUICE_TEST_POSTGRES names another one's folder.
 *
 * Usage: node bench/postgres.ts [REPOSITORY] [--rounds 3] [--commits 1000000] [--database SEEDED_FILE]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import { openPostgresStore } from '../src/keep/postgres/open-store.ts';
import { openStore } from '../src/keep/sqlite/open-store.ts';
import { copyStore } from '../src/keep/store/copy-store.ts';
import { findBinaries } from '../test/support/postgres/binaries.ts';
import { addressIn } from '../test/support/postgres/postgres.ts';
import { PostgresServer } from '../test/support/postgres/server.ts';
import { grownRepository } from '../test/support/sluice.ts';
import { NOW_MS, questionsOf, timed } from './support/insight-questions.ts';
import { machine, measure, median } from './support/measure.ts';
import { cpuMsOf } from './support/processes.ts';
import { SEEDED_URL, seedHistory } from './support/seed-history.ts';

const MAIN = resolve(import.meta.dirname, '../bin/sluice.js');
const BAKE_RATIO = 1.5;
const INSIGHT_MS = 300;
/** As people run it. */
const SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  autovacuum: 'on',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    commits: { type: 'string' },
    database: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
const server = await PostgresServer.make(mkdtempSync(join(tmpdir(), 'sluice-bench-postgres-')), SETTINGS);
try {
  await server.start();
  const version = execFileSync(join(findBinaries(), 'postgres'), ['--version'], { encoding: 'utf8' });
  console.log(`${machine()}, ${version.trim()} of ${findBinaries()}`);
  const [repository] = positionals;
  if (repository !== undefined) await compareBakes(resolve(repository));
  if (values.commits !== undefined || values.database !== undefined) await measureInsights();
} finally {
  await server.stop();
  rmSync(server.socketFolder, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

async function compareBakes(repository: string): Promise<void> {
  const { path: small } = grownRepository(join(folder, 'small.git'), 10);
  const bake = async (name: string, store: string | undefined) => {
    const root = join(folder, name);
    const env = { ...process.env, SLUICE_STORE: store ?? '' };
    const run = (baked: string) => {
      const options = ['--root', root, '--database', join(folder, `${name}.db`), 'bake', '--json', baked];
      return measure(process.execPath, [MAIN, ...options], { env });
    };
    // Tables are made once, not with each bake.
    await run(small);
    const before = serverCpuMs();
    const { stdout, cpuMs } = await run(repository);
    const { durationMs, fetchMs } = JSON.parse(stdout) as { durationMs: number; fetchMs: number };
    rmSync(root, { recursive: true, force: true });
    return { ms: durationMs - fetchMs, cpuMs, serverCpuMs: serverCpuMs() - before };
  };
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const sqlite = await bake(`sqlite-${round}`, undefined);
    const postgres = await bake(`postgres-${round}`, addressIn(server).url);
    ratios.push(postgres.ms / sqlite.ms);
    console.log(
      `SQLite ${sqlite.ms} ms (processor ${sqlite.cpuMs}), Postgres ${postgres.ms} ms (processor ${postgres.cpuMs}, server ${postgres.serverCpuMs})`,
    );
  }
  const ratio = median(ratios);
  console.log(
    `bake on Postgres: ${ratio.toFixed(2)} × SQLite (target ${BAKE_RATIO}): ${ratio <= BAKE_RATIO ? 'met' : 'MISSED'}`,
  );
}

async function measureInsights(): Promise<void> {
  const path = resolve(values.database ?? join(folder, 'seeded.db'));
  if (!existsSync(path)) await seedHistory(path, Number(values.commits ?? 1_000_000), NOW_MS);
  const sqlite = await openStore(path, { clock: systemClock });
  const store = await openPostgresStore({ url: addressIn(server).url, clock: systemClock, env: {} });
  const startMs = performance.now();
  const copied = await copyStore({ from: sqlite.tables, to: store.tables });
  const rows = copied.reduce((sum, table) => sum + table.rows, 0);
  console.log(`${rows} rows copied and proven in ${Math.round((performance.now() - startMs) / 1000)} s`);
  await store.database.run('VACUUM ANALYZE');
  const all = (await store.repositories.list()).map(({ id }) => id);
  const large = (await store.repositories.byUrl(SEEDED_URL))?.id ?? 0;
  let longest = { name: '', ms: 0 };
  for (const { what, scopes } of questionsOf(store, all, large)) {
    const figures: string[] = [];
    for (const [name, ask] of Object.entries(scopes)) {
      const before = serverCpuMs();
      const { ms, firstMs, cpuMs } = await timed(rounds, ask);
      const server = Math.round((serverCpuMs() - before) / rounds);
      if (ms > longest.ms) longest = { name: `${what}, ${name},`, ms };
      figures.push(`${name} ${ms} ms (first ${firstMs}, processor ${cpuMs}, server ${server})`);
    }
    console.log(`${what.padEnd(14)} ${figures.join(', ')}`);
  }
  await store.close();
  await sqlite.close();
  console.log(
    `insights on Postgres: slowest ${longest.name} ${longest.ms} ms (target ${INSIGHT_MS}): ${longest.ms <= INSIGHT_MS ? 'met' : 'MISSED'}`,
  );
}

/** Processor time of the server: of its main process, of its children that live, and of those that have ended. */
function serverCpuMs(): number {
  const { pid } = server;
  const children = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && statOf(name)[1] === String(pid))
    .reduce((sum, name) => sum + cpuMsOf(Number(name)), 0);
  const [, , , , , , , , , , , , , childUser, childSystem] = statOf(String(pid));
  return cpuMsOf(pid) + children + (Number(childUser) + Number(childSystem)) * 10;
}

/** Fields from the state on (proc(5)). */
function statOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
