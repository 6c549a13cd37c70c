import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { killChildProcesses } from './base/child-processes.ts';
import { systemClock } from './base/clock.ts';
import { silentLogger } from './base/log.ts';
import { isPostgresAddress } from './base/text.ts';
import type { Stores } from './station/station-api.ts';

/** For how long something that a command has left open may hold up the end of the process. */
const LINGER_MS = 3000;

/**
 * The composition root: names implementations, as only the lists of kinds and the entries of threads do beside it. Runs
 * one command line; heavy modules load when a command needs them.
 */
export async function main(): Promise<void> {
  onReaderGone(process.stdout, () => {
    if (!works) process.exit(0);
  });
  onReaderGone(process.stderr, () => undefined);
  const { runCli } = await import('./cli/program.ts');
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  process.exitCode = await runCli(process.argv.slice(2), {
    version,
    // A checkout runs its TypeScript, and has no `sluice` on the path.
    program: import.meta.url.endsWith('.ts')
      ? 'npm start --'
      : process.env.npm_lifecycle_event === 'npx'
        ? 'npx sluice'
        : 'sluice',
    clock: systemClock,
    env: process.env,
    cwd: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
    webFolder: fileURLToPath(new URL('./web', import.meta.url)),
    stopSignal,
    async openStores({ database, store: address }, { checkpointThread = false, station } = {}) {
      if (address !== undefined) return openSharedStores(address, database, station);
      const [{ openStore }, { openLocal }, { SqliteWorkQueue }, { isWorkerGone }] = await Promise.all([
        import('./keep/sqlite/open-store.ts'),
        import('./keep/sqlite/open-local.ts'),
        import('./engine/queue/sqlite/sqlite-work-queue.ts'),
        import('./engine/queue/worker-id.ts'),
      ]);
      const store = await openStore(database, { clock: systemClock, checkpointThread });
      const queue = new SqliteWorkQueue({ database: store.database, clock: systemClock, isWorkerGone });
      const clones = await openLocal(database, { clock: systemClock, store }).openCloneRecords();
      const close = async (): Promise<void> => {
        await clones.close();
        await store.close();
      };
      return { store, queue, clones, close };
    },
    async openStore(place) {
      const options = { clock: systemClock };
      return isPostgresAddress(place)
        ? (await import('./keep/postgres/open-store.ts')).openPostgresStore({ ...options, url: place })
        : (await import('./keep/sqlite/open-store.ts')).openStore(place, options);
    },
    async openLocal(path) {
      return (await import('./keep/sqlite/open-local.ts')).openLocal(path, { clock: systemClock });
    },
    async loadForges() {
      return (await import('./gather/forges/definitions.ts')).loadForges();
    },
    async loadObjectStores(profiles, reread) {
      return (await import('./keep/buckets/definitions.ts')).loadObjectStores(profiles, systemClock, reread);
    },
  });
  systemClock.timer(LINGER_MS, endAnyway, true);
}

/** All is done and closed, and the process lives: whoever stops a station shall not wait for a fault of ours. */
function endAnyway(): void {
  const open = [...new Set(process.getActiveResourcesInfo())].join(', ');
  process.stderr.write(`sluice: done, but something was left open (${open}); please report this\n`);
  process.exit();
}

/** The store and the queue on a Postgres that stations share; clones are this machine's. */
async function openSharedStores(
  url: string,
  database: string,
  // What a command claims, no station has its home for.
  station = `${hostname()}:${process.pid}`,
): Promise<Stores> {
  const [{ openPostgresStore }, { applyChanges }, { PgBossWorkQueue }, { openLocal }, { isWorkerGone }] =
    await Promise.all([
      import('./keep/postgres/open-store.ts'),
      import('./keep/postgres/store/changes.ts'),
      import('./engine/queue/pg-boss/pg-boss-work-queue.ts'),
      import('./keep/sqlite/open-local.ts'),
      import('./engine/queue/worker-id.ts'),
    ]);
  const store = await openPostgresStore({ url, clock: systemClock });
  const closing: (() => Promise<void>)[] = [() => store.close()];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const shared = { database: store.database, clock: systemClock, log: silentLogger };
    const queue = await PgBossWorkQueue.open({ ...shared, applyChanges, isWorkerGone, station });
    closing.push(() => queue.close());
    const clones = await openLocal(database, { clock: systemClock }).openCloneRecords();
    closing.push(async () => clones.close());
    return { store, queue, clones, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whether the command that runs can be asked to stop: it does more than look. */
let works = false;

/**
 * A reader that goes away (`| head`) is no failure: who only looks has nothing more to do, and who works does it to the
 * end, unheard.
 */
function onReaderGone(output: NodeJS.WriteStream, then: () => void): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    then();
  });
}

/** The first Ctrl-C or SIGTERM asks to stop; a second one does not ask. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  works = true;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      killChildProcesses();
      process.exit(signal === 'SIGTERM' ? 143 : 130);
    }
    controller.abort(new DOMException(`stopped by ${signal}`, 'AbortError'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}
