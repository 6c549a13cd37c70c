import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runGit } from '../../src/gather/repos/git/spawn.ts';
import type { ObjectStore } from '../../src/keep/buckets/bucket.ts';
import { CacheBench } from '../support/cache-bench.ts';
import { objectsIn } from '../support/git-repositories.ts';
import { addCommits } from '../support/sluice.ts';

export interface ColdSubject {
  readonly store: ObjectStore;
  readonly bucket: string;
  close(): Promise<void>;
}

/**
 * Cold storage on a bucket of any kind: test/gather/repos/cache runs it here, `npm run test:s3` on a real
 * server.
 */
export function coldSuite(name: string, open: () => Promise<ColdSubject>): void {
  const never = new AbortController().signal;

  test(`${name}: an evicted clone goes to the bucket and comes back, and only what is newer is fetched (R-18)`, async t => {
    const { store, bucket, close } = await open();
    t.after(close);
    const bench = await CacheBench.open(t, async () => ({ ...bound(store), close: async () => undefined }));
    const coldStorage = { profile: 'cold', bucket, prefix: 'clones/here' };
    bench.settings = { ...bench.settings, coldStorage };
    const upstream = bench.repository('a', 500);
    upstream.git('tag', '-a', '-m', 'one', 'v1', 'refs/heads/main');
    await bench.bake(upstream.path);
    const { directory } = await bench.record(upstream);
    const gitDir = join(bench.directory, directory);
    const before = { objects: await objectsIn(gitDir), refs: await refs(gitDir) };
    await bench.cache.evict(upstream.path, never);
    assert.deepEqual(bench.folders(), []);
    const { cold } = await bench.record(upstream);
    assert.equal(cold?.location, `s3://cold/${bucket}/clones/here/${directory}.tar`);
    const head = await store.headObject({ bucket, key: `clones/here/${directory}.tar` });
    assert.equal(head?.size, cold?.bytes);

    addCommits(upstream, 3);
    const back = await bench.bake(upstream.path);
    assert.deepEqual([back.cache, back.newCommits, back.commits], ['restore', 3, 503]);
    assert.match(readFileSync(join(gitDir, 'config'), 'utf8'), /promisor = true/);
    assert.equal((await runGit(['rev-list', '--count', '--all'], { gitDir })).toString().trim(), '503');
    await bench.cache.evict(upstream.path, never);
    const second = (await bench.record(upstream)).cold;
    assert.notEqual(second?.content, cold?.content);

    // Nothing new: the same objects come back, and nothing is sent a second time.
    const third = await bench.bake(upstream.path);
    assert.deepEqual([third.cache, third.newCommits], ['restore', 0]);
    await bench.cache.evict(upstream.path, never);
    assert.deepEqual((await bench.record(upstream)).cold, second);
    assert.equal(before.refs.includes('refs/tags/v1'), true);
    assert.ok(before.objects.length > 500);

    await store.deleteObject({ bucket, key: `clones/here/${directory}.tar` });
    const anew = await bench.bake(upstream.path);
    assert.equal(anew.cache, 'clone');
    assert.match(anew.warnings?.[0] ?? '', /cold storage was of no use/);
    assert.equal((await bench.record(upstream)).cold, null);
    assert.deepEqual(await store.listUploads(bucket), []);
  });
}

async function refs(gitDir: string): Promise<string> {
  return (await runGit(['for-each-ref'], { gitDir })).toString();
}

/** The store as plain methods, so that one of them can be replaced. */
export function bound(store: ObjectStore): ObjectStore {
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(store)).filter(
    name => name !== 'constructor',
  );
  const pairs = methods.map(name => [
    name,
    (store[name as keyof ObjectStore] as () => unknown).bind?.(store),
  ]);
  return {
    ...Object.fromEntries(pairs),
    description: store.description,
    limits: store.limits,
  } as ObjectStore;
}
