/** Part of the composition root: what `bin/sluice.js` has compiled before a station starts. Starts nothing itself. */

/** Loads what the main thread of every station consists of; it would do so a moment later. */
export async function loadStation(): Promise<void> {
  await Promise.all([
    import('./main.ts'),
    import('./cli/program.ts'),
    import('./cli/run-station.ts'),
    import('./config/document.ts'),
    import('./keep/store/sqlite/open.ts'),
    import('./keep/store/sqlite/clone-records.ts'),
    import('./keep/store/sqlite/captures.ts'),
    import('./keep/store/sqlite/journal/sqlite-journal.ts'),
    import('./engine/work/sqlite/sqlite-work.ts'),
    import('./engine/work/worker-id.ts'),
    import('./main-forges.ts'),
    import('./main-stores.ts'),
  ]);
}

/** Loads what threads and some stations consist of. Entries of threads refuse to run here, which is after they were compiled. */
export async function loadThreads(): Promise<void> {
  await Promise.allSettled([
    import('./main-bake.ts'),
    import('./main-capture.ts'),
    import('./main-query.ts'),
    import('./gather/repos/history/parse-thread.ts'),
    import('./deliver/watch/watch-thread.ts'),
    import('./keep/store/sqlite/checkpoint-thread.ts'),
    import('./keep/buckets/s3/store.ts'),
    import('./keep/buckets/directory/store.ts'),
    import('./station/prometheus.ts'),
  ]);
}
