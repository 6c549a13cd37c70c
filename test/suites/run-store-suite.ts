import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import { endRun } from '../../src/keep/store/change.ts';
import type { OpenStore } from './store-fixture.ts';

/** The contract of `RunStore`. */
export function runStoreSuite(name: string, open: OpenStore): void {
  const start = async (t: Parameters<OpenStore>[0]) => {
    const { store } = await open(t);
    const { id } = await store.repositories.ensure('https://h/a', 'h');
    return { store, runs: store.runs, id };
  };

  test(`${name}: a run that waits is asked for again, begun, and ended with its summary`, async t => {
    const { store, runs, id } = await start(t);
    const asked = await runs.request(id, 'by hand', 1);
    assert.deepEqual(await runs.request(id, 'again', 2), asked);
    assert.deepEqual(await runs.waiting(id), asked);
    const started = await runs.start(id, 'schedule', 3);
    assert.deepEqual(started, { ...asked, state: 'running', startedAtMs: 3 });
    assert.equal(await runs.waiting(id), undefined);
    const next = await runs.request(id, 'meanwhile', 4);
    assert.notEqual(next.id, asked.id, 'what runs does not count for who asks now');
    await store.apply([endRun(asked.id, { summary: '{"commits":1}' }, 5)]);
    assert.deepEqual(await runs.byId(asked.id), {
      ...{ id: asked.id, repositoryId: id, url: 'https://h/a', state: 'done', reason: 'by hand' },
      ...{ requestedAtMs: 1, startedAtMs: 3, finishedAtMs: 5, summary: '{"commits":1}', error: null },
    });
    assert.deepEqual(
      (await runs.recent(9)).map(run => run.id),
      [next.id, asked.id],
    );
    assert.equal((await runs.recent(1)).length, 1);
    assert.deepEqual(
      (await runs.recent(9, next.id)).map(run => run.id),
      [asked.id],
    );
  });

  test(`${name}: an error ends a run as failed, and whoever gives up as cancelled`, async t => {
    const { store, runs, id } = await start(t);
    const end = async (error: SluiceError) => {
      const run = await runs.start(id, 'schedule', 1);
      await store.apply([endRun(run.id, { error }, 2)]);
      return runs.byId(run.id);
    };
    const failed = await end(new SluiceError('timed_out', 'too late'));
    assert.equal(failed?.state, 'failed');
    assert.equal(JSON.parse(failed?.error ?? '{}').code, 'timed_out');
    assert.equal((await end(new SluiceError('cancelled', 'stopped')))?.state, 'cancelled');
  });

  test(`${name}: a run that was interrupted, or left by a dead process, goes on under its number (R-108)`, async t => {
    const { store, runs, id } = await start(t);
    const first = await runs.start(id, 'schedule', 1);
    assert.equal((await runs.start(id, 'schedule', 2)).id, first.id, 'its process died');
    await store.apply([
      endRun(first.id, { error: new SluiceError('stopping', 'the station is stopping') }, 3),
    ]);
    assert.deepEqual(await runs.byId(first.id), { ...first, state: 'waiting', startedAtMs: null });
    const again = await runs.start(id, 'schedule', 4);
    assert.deepEqual([again.id, again.startedAtMs], [first.id, 4]);
    await store.apply([endRun(first.id, { error: new SluiceError('lease_lost', 'it stood still') }, 5)]);
    assert.equal((await runs.start(id, 'schedule', 6)).id, first.id);
    await store.apply([endRun(first.id, { summary: '{}' }, 6)]);
    assert.equal((await runs.byId(first.id))?.state, 'done');
    assert.notEqual((await runs.start(id, 'schedule', 7)).id, first.id);
  });

  test(`${name}: a run that is done answers those that were asked for before it began, and no others (R-108)`, async t => {
    const { store, runs, id } = await start(t);
    const first = await runs.start(id, 'by hand', 1);
    const second = await runs.request(id, 'meanwhile', 2);
    await store.apply([endRun(first.id, { error: new SluiceError('room_awaited', 'others are at it') }, 3)]);
    assert.equal((await runs.start(id, 'schedule', 4)).id, first.id);
    const elsewhere = await store.repositories.ensure('https://h/b', 'h');
    const other = await runs.request(elsewhere.id, 'elsewhere', 3);
    await store.apply([endRun(first.id, { summary: '{"commits":1}' }, 5)]);
    assert.deepEqual(
      [(await runs.byId(second.id))?.state, (await runs.byId(second.id))?.summary],
      ['done', '{"commits":1}'],
    );
    assert.equal(other.state, 'waiting');
    const third = await runs.start(id, 'by hand', 6);
    const later = await runs.request(id, 'later', 7);
    await store.apply([endRun(third.id, { error: new SluiceError('timed_out', 'too late') }, 8)]);
    assert.equal((await runs.byId(later.id))?.state, 'waiting');
  });
}
