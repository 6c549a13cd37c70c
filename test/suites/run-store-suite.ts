import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { OpenStore } from './store-fixture.ts';

/** The contract of `RunStore`. */
export function runStoreSuite(name: string, open: OpenStore): void {
  const start = async (t: Parameters<OpenStore>[0]) => {
    const { store } = await open(t);
    const { id } = await store.repositories.ensure('https://h/a', 'h');
    return { runs: store.runs, id };
  };

  test(`${name}: a run that waits is asked for again, begun, and ended with its summary`, async t => {
    const { runs, id } = await start(t);
    const asked = await runs.request(id, 'by hand', 1);
    assert.deepEqual(await runs.request(id, 'again', 2), asked);
    assert.deepEqual(await runs.waiting(id), asked);
    const started = await runs.start(id, 'schedule', 3);
    assert.deepEqual(started, { ...asked, state: 'running', startedAtMs: 3 });
    assert.equal(await runs.waiting(id), undefined);
    const next = await runs.request(id, 'meanwhile', 4);
    assert.notEqual(next.id, asked.id, 'what runs does not count for who asks now');
    await runs.finish(asked.id, { summary: '{"commits":1}' }, 5);
    assert.deepEqual(await runs.byId(asked.id), {
      ...{ id: asked.id, repositoryId: id, url: 'https://h/a', state: 'done', reason: 'by hand' },
      ...{ requestedAtMs: 1, startedAtMs: 3, finishedAtMs: 5, summary: '{"commits":1}', error: null },
    });
    assert.deepEqual(
      (await runs.recent(9)).map(run => run.id),
      [next.id, asked.id],
    );
    assert.equal((await runs.recent(1)).length, 1);
  });

  test(`${name}: an error ends a run as failed, and an interruption as cancelled`, async t => {
    const { runs, id } = await start(t);
    const end = async (error: SluiceError) => {
      const run = await runs.start(id, 'schedule', 1);
      await runs.finish(run.id, { error }, 2);
      return runs.byId(run.id);
    };
    const failed = await end(new SluiceError('timed_out', 'too late'));
    assert.equal(failed?.state, 'failed');
    assert.equal(JSON.parse(failed?.error ?? '{}').code, 'timed_out');
    assert.equal((await end(new SluiceError('cancelled', 'stopped')))?.state, 'cancelled');
  });

  test(`${name}: a run that a dead process left running becomes cancelled when the next begins`, async t => {
    const { runs, id } = await start(t);
    const dead = await runs.start(id, 'schedule', 1);
    const next = await runs.start(id, 'schedule', 2);
    assert.notEqual(next.id, dead.id);
    assert.deepEqual([(await runs.byId(dead.id))?.state, next.state], ['cancelled', 'running']);
    assert.equal(await runs.byId(next.id + 1), undefined);
  });
}
