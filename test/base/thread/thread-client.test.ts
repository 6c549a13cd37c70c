import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { systemClock } from '../../../src/base/clock.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { Lease, underLease } from '../../../src/base/lease.ts';
import { siblingModule, ThreadClient, type ThreadOptions } from '../../../src/base/thread-client.ts';
import type { EchoProtocol } from './echo-protocol.ts';

/** A client with its events and exits; its thread ends with the test. */
function client(t: TestContext, options: Partial<ThreadOptions<EchoProtocol>> = {}) {
  const events: string[] = [];
  const exits: (SluiceError | undefined)[] = [];
  const thread = new ThreadClient<EchoProtocol>({
    name: 'test',
    entry: siblingModule(import.meta.url, './echo-thread'),
    setup: { greeting: 'hello' },
    onEvent: event => events.push(event),
    onExit: failure => exits.push(failure),
    ...options,
  });
  t.after(() => thread.terminate());
  return { thread, events, exits };
}

test('requests are replied to, several at a time, and by one thread', async t => {
  const { thread } = client(t);
  assert.equal(thread.pending, 0);
  const replies = Promise.all([
    thread.request('greet', 'a'),
    thread.request('whoAmI', undefined),
    thread.request('count', 3),
    thread.request('whoAmI', undefined),
  ]);
  assert.equal(thread.pending, 4);
  const [greeting, one, count, other] = await replies;
  assert.deepEqual([greeting, count, one], ['hello a', 3, other]);
  assert.equal(thread.pending, 0);
});

test('progress and events come in order, before the reply', async t => {
  const { thread, events } = client(t);
  const numbers: number[] = [];
  await thread.request('count', 4, { onProgress: number => numbers.push(number) });
  assert.deepEqual(numbers, [1, 2, 3, 4]);
  assert.deepEqual(events, ['counted to 4']);
});

test('a thread works under the lease of whoever asked, each of them, and sees what becomes of it without being told (F-454)', async t => {
  const { thread } = client(t);
  const leases = [1, 2].map(() => new Lease(systemClock, systemClock.monotonicMs() + 3_600_000));
  const begun = leases.map(() => Promise.withResolvers<void>());
  const replies = leases.map((lease, index) =>
    underLease(lease, () =>
      thread.request('isHeld', undefined, { onProgress: () => begun[index]?.resolve() }),
    ),
  );
  const bound = thread.request('isHeld', undefined);
  await Promise.all(begun.map(({ promise }) => promise));
  leases[0]?.lose();
  leases[0]?.prolong(Number.POSITIVE_INFINITY);
  await thread.request('goOn', undefined);
  assert.deepEqual(await Promise.all([...replies, bound]), [false, true, false]);
});

test('an error comes back as it was thrown, and the thread goes on', async t => {
  const { thread } = client(t);
  await assert.rejects(thread.request('fail', 'no room'), error => {
    assert.ok(error instanceof SluiceError);
    const { code, message, hint, subject, answer } = error;
    assert.deepEqual(
      [code, message, hint, subject, answer],
      ['disk_full', 'no room', 'Make room.', '/x', 'hold'],
    );
    return true;
  });
  await assert.rejects(thread.request('unclonable', undefined), { code: 'internal' });
  assert.equal(await thread.request('greet', 'b'), 'hello b');
});

test('what cannot be sent is refused and leaves nothing waiting', async t => {
  const { thread } = client(t);
  const unclonable = (() => undefined) as unknown as string;
  await assert.rejects(thread.request('greet', unclonable), { name: 'DataCloneError' });
  assert.equal(thread.pending, 0);
});

test('buffers change their owner both ways', async t => {
  const { thread } = client(t);
  const bytes = new Uint8Array(1000);
  assert.equal(await thread.request('length', bytes, { transfer: [bytes.buffer] }), 1000);
  assert.equal(bytes.byteLength, 0);
  let came = 0;
  const rest = await thread.request('makeBytes', 500, { onProgress: each => (came = each.byteLength) });
  assert.deepEqual([came, rest], [500, 0]);
});

test('an aborted request ends in the thread, with the reason; one aborted before is not sent', async t => {
  const abort = new AbortController();
  const { thread } = client(t, {
    onEvent: () => abort.abort(new SluiceError('timed_out', 'too late')),
  });
  await assert.rejects(thread.request('untilAborted', undefined, { signal: abort.signal }), {
    code: 'timed_out',
    message: 'too late',
  });
  await assert.rejects(thread.request('greet', 'c', { signal: abort.signal }), { message: 'too late' });
  assert.equal(thread.pending, 0);
});

for (const [how, message] of [
  ['throw', 'a test thread crashed: crash asked for'],
  ['exit', 'a test thread ended unexpectedly'],
] as const) {
  test(`a thread that ends by itself (${how}) fails all that waits, and the next request has another`, async t => {
    const { thread, exits } = client(t);
    const first = await thread.request('whoAmI', undefined);
    const waiting = [thread.request('untilAborted', undefined), thread.request('crash', how)];
    for (const result of await Promise.allSettled(waiting)) {
      assert.ok(result.status === 'rejected' && result.reason instanceof SluiceError);
      const { code, answer } = result.reason;
      assert.deepEqual([code, answer, result.reason.message], ['internal', 'retry', message]);
    }
    assert.deepEqual(
      exits.map(failure => failure?.message),
      [message],
    );
    assert.notEqual(await thread.request('whoAmI', undefined), first);
  });
}

test('a thread that crosses its memory limit fails alone', async t => {
  const { thread } = client(t, { resourceLimits: { maxOldGenerationSizeMb: 16 } });
  await assert.rejects(thread.request('fill', undefined), { code: 'internal', message: /memory/ });
  assert.equal(await thread.request('greet', 'd'), 'hello d');
});

test('a thread that is not there is a crash as well', async t => {
  const { thread } = client(t, { entry: siblingModule(import.meta.url, './nowhere') });
  await assert.rejects(thread.request('greet', 'e'), { code: 'internal', message: /crashed.*nowhere/ });
});

test('stop lets the thread close what it has open; it is final and may be called again', async t => {
  const { thread, events, exits } = client(t);
  await thread.request('greet', 'f');
  await Promise.all([thread.stop(), thread.stop()]);
  assert.deepEqual([events, exits], [['closed'], [undefined]]);
  await assert.rejects(thread.request('greet', 'g'), { code: 'stopping' });
  assert.throws(() => thread.start(), { code: 'stopping' });
  thread.post('greet', 'h');
  await thread.stop();
});

test('stop before there was a thread makes none', async t => {
  const { thread, exits } = client(t);
  await thread.stop();
  assert.deepEqual(exits, []);
});

test('a thread that does not close in time is ended', async t => {
  const { thread, exits } = client(t, { stopGraceMs: 10 });
  thread.start();
  await thread.request('greet', 'i');
  const spinning = assert.rejects(thread.request('spin', undefined), { code: 'stopping' });
  await thread.stop();
  await spinning;
  assert.deepEqual(exits, [undefined]);
});

test('terminate fails what waits and says so; the next request has another thread', async t => {
  const { thread } = client(t);
  const first = await thread.request('whoAmI', undefined);
  const waiting = assert.rejects(thread.request('untilAborted', undefined), { code: 'stopping' });
  await Promise.all([thread.terminate(), thread.terminate(), waiting]);
  assert.notEqual(await thread.request('whoAmI', undefined), first);
});

test('every message wakes a thread that waits for something else', async t => {
  let woken = 0;
  const { thread } = client(t, { wake: () => (woken += 1) });
  await thread.request('greet', 'j');
  thread.post('greet', 'k');
  await thread.stop();
  assert.equal(woken, 3);
});

test('what is posted has no reply, and its failure is that of the thread', async t => {
  const failed = Promise.withResolvers<SluiceError | undefined>();
  const { thread } = client(t, { onExit: failed.resolve });
  thread.post('fail', 'nobody hears of it');
  assert.match((await failed.promise)?.message ?? '', /crashed: nobody hears of it/);
});

test('in the background a thread keeps the process alive for a request, and only for that', async () => {
  const path = join(import.meta.dirname, 'background-process.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [path]);
  assert.equal(stdout, '20\n');
});

test('an entry refuses to run in the main thread, and a sibling has the extension of who asks', async () => {
  await assert.rejects(import('./echo-thread.ts'), /in a worker thread only/);
  assert.equal(siblingModule('file:///a/b/c.js', './d-thread').href, 'file:///a/b/d-thread.js');
  assert.equal(siblingModule('file:///a/b/c.ts', '../d-thread').href, 'file:///a/d-thread.ts');
});
