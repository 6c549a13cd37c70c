/** Part of the composition root: what `bin/sluice.js` has compiled before a station starts. Starts nothing itself. */

/** Loads what the main thread of every station consists of; it would do so a moment later. */
export async function loadStation(): Promise<void> {
  await Promise.all([
    import('./main.ts'),
    import('./cli/program.ts'),
    import('./cli/run-station.ts'),
    import('./config/document.ts'),
    import('./keep/sqlite/open-store.ts'),
    import('./keep/sqlite/open-local.ts'),
    import('./engine/queue/sqlite/sqlite-work-queue.ts'),
    import('./engine/queue/worker-id.ts'),
    import('./gather/forges/definitions.ts').then(({ loadForges }) => loadForges()),
    import('./keep/buckets/definitions.ts'),
  ]);
}

/** Loads what threads and some stations consist of. Entries of threads refuse to run here, which is after they were compiled. */
export async function loadThreads(): Promise<void> {
  await Promise.allSettled([
    import('./gather/repos/threads/bake-thread.ts'),
    import('./gather/capture/threads/capture-thread.ts'),
    import('./gather/capture/sources/query-thread.ts'),
    import('./gather/repos/history/parse-thread.ts'),
    import('./deliver/intake/watch/watch-thread.ts'),
    import('./keep/sqlite/checkpoint-thread.ts'),
    import('./gather/capture/sources/definitions.ts').then(({ READING_SOURCES }) =>
      Promise.all(READING_SOURCES.map(source => source.load())),
    ),
    import('./keep/buckets/definitions.ts').then(({ OBJECT_STORES }) =>
      Promise.all(OBJECT_STORES.map(store => store.load())),
    ),
    import('./station/status/prometheus.ts'),
  ]);
}
