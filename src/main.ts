import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { killChildProcesses } from './base/child-processes.ts';

/**
 * The composition root: names implementations, as only the lists of kinds and the entries of threads do beside it. Runs
 * one command line; heavy modules load when a command needs them.
 */
export async function main(): Promise<void> {
  // A reader that goes away (| head) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  const [{ runCli }, { systemClock }] = await Promise.all([
    import('./cli/program.ts'),
    import('./base/clock.ts'),
  ]);
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  process.exitCode = await runCli(process.argv.slice(2), {
    version,
    // A checkout runs its TypeScript, and has no `sluice` on the path.
    program: import.meta.url.endsWith('.ts') ? 'npm start --' : 'sluice',
    clock: systemClock,
    env: process.env,
    cwd: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
    webFolder: fileURLToPath(new URL('./web', import.meta.url)),
    stopSignal,
    async openStores(url, { checkpointThread = false } = {}) {
      const [{ openStore }, { openLocal }, { SqliteWorkQueue }, { isWorkerGone }] = await Promise.all([
        import('./keep/sqlite/open-store.ts'),
        import('./keep/sqlite/open-local.ts'),
        import('./engine/queue/sqlite/sqlite-work-queue.ts'),
        import('./engine/queue/worker-id.ts'),
      ]);
      const store = await openStore(url, { clock: systemClock, checkpointThread });
      const queue = new SqliteWorkQueue({ database: store.database, clock: systemClock, isWorkerGone });
      const clones = await openLocal(url, { clock: systemClock, store }).openCloneRecords();
      const close = async (): Promise<void> => {
        await clones.close();
        await store.close();
      };
      return { store, queue, clones, close };
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
}

/** The first Ctrl-C or SIGTERM asks to stop; a second one does not ask. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
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
