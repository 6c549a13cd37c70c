import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { SluiceError } from '../../src/base/errors.ts';
import { dropFailed } from '../../src/deliver/failed.ts';
import { isYes } from '../../src/deliver/gate.ts';
import { Delivery } from '../../src/deliver/service.ts';
import { Spool } from '../../src/deliver/spool/spool.ts';
import { filesBelow, openStore, startDelivery, until } from '../support/delivery.ts';
import { tempDirectory } from '../support/temp-directory.ts';

test('an area on another file system is refused at start with a clear error (D-11)', async t => {
  const rig = await startDelivery(t, { start: false });
  mkdirSync(rig.root, { recursive: true });
  symlinkSync('/proc', join(rig.root, 'completed'));
  await assert.rejects(rig.delivery.start(), {
    code: 'spool_invalid',
    message: /completed is on another file system/,
  });
});

test('retention `never` deletes a delivered file at once, and its record says so (D-13)', async t => {
  const rig = await startDelivery(t, { settings: { retention: { keep: 'never' } } });
  rig.write('incoming/local/outbox/d/a.txt', 'a');
  await rig.until('d/a.txt', ({ removedAtMs, state }) => removedAtMs !== null && state === 'completed');
  assert.deepEqual(filesBelow(join(rig.root, 'completed')), []);
});

test('retention by size removes what was delivered longest ago, and nothing that has no record (D-13)', async t => {
  const retention = { keep: 'within', ms: Number.POSITIVE_INFINITY, bytes: 15 } as const;
  const rig = await startDelivery(t, { settings: { retention } });
  rig.write('completed/local/outbox/foreign.txt', 'not ours');
  for (const name of ['a', 'b']) {
    rig.write(`incoming/local/outbox/${name}`, '0123456789');
    await rig.until(name, ({ state }) => state === 'completed');
  }
  await rig.until('a', ({ removedAtMs }) => removedAtMs !== null);
  assert.deepEqual(filesBelow(join(rig.root, 'completed/local/outbox')), ['b', 'foreign.txt']);
});

test('a gate lets a scheduled sync run only after an explicit yes; a manual sync ignores it (D-22)', async t => {
  const folder = await tempDirectory(t);
  const answer = join(folder, 'answer');
  const rig = await startDelivery(t, { settings: { gate: { command: `cat ${answer}`, timeoutMs: 5000 } } });
  rig.write('incoming/local/outbox/a.txt', 'a');
  await rig.until('a.txt', ({ state }) => state === 'incoming');
  await rig.delivery.syncNow(AbortSignal.timeout(10_000));
  assert.equal(rig.records()[0]?.state, 'completed');
  rig.write('incoming/local/outbox/b.txt', 'b');
  await rig.until('b.txt', ({ state }) => state === 'incoming');
  writeFileSync(answer, 'yes\n');
  await rig.until('b.txt', ({ state }) => state === 'completed');
});

test('a manual sync that is given up while its endpoint is probed sends nothing any more', async t => {
  const probing = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<readonly string[]>();
  let calls = 0;
  const rig = await startDelivery(t, {
    settings: { automatic: false },
    openStore: profile =>
      Object.assign(openStore(profile), {
        async listBuckets() {
          calls += 1;
          if (calls === 1) throw new SluiceError('host_unreachable', 'nobody there');
          probing.resolve();
          return answer.promise;
        },
      }),
  });
  rig.write('incoming/local/outbox/a.txt', 'a');
  await rig.until('a.txt', ({ state }) => state === 'incoming');
  const abort = new AbortController();
  const sync = assert.rejects(rig.delivery.syncNow(abort.signal), /changed my mind/);
  await probing.promise;
  abort.abort(new Error('changed my mind'));
  answer.resolve(['outbox']);
  await sync;
  assert.equal(rig.records()[0]?.state, 'incoming');
});

test('a manual sync sends to who answers while another endpoint is silent, and names that one at its end (D-180)', async t => {
  const silence = Promise.withResolvers<readonly string[]>();
  const root = await tempDirectory(t);
  const folder = (name: string) => {
    mkdirSync(join(root, name, 'outbox'), { recursive: true });
    return { kind: 'directory', provider: 'directory', name, path: join(root, name) };
  };
  const rig = await startDelivery(t, {
    settings: { automatic: false },
    profiles: [folder('silent'), folder('alive')],
    openStore: profile =>
      profile.name === 'alive'
        ? openStore(profile)
        : Object.assign(openStore(profile), { listBuckets: () => silence.promise }),
  });
  rig.write('incoming/alive/outbox/a.txt', 'a');
  const sync = rig.delivery.syncNow(AbortSignal.timeout(10_000));
  await rig.until('a.txt', ({ state }) => state === 'completed');
  silence.reject(new SluiceError('timed_out', 'nothing moved for a minute'));
  const { delivered, held } = await sync;
  assert.deepEqual(
    [delivered, held.map(({ kind, place, message }) => [kind, place, message])],
    [1, [['endpoint', join(root, 'silent'), 'nothing moved for a minute']]],
  );
});

test('only an explicit yes is a yes (D-22)', () => {
  for (const yes of ['true', 'yes', 'YES\n', '{"sync": true}', '{"open":true,"why":"night"}'])
    assert.ok(isYes(yes), yes);
  for (const no of [
    '',
    '1',
    'ok',
    'false',
    'no',
    '{"sync": "true"}',
    '{}',
    '[true]',
    'null',
    '{"sync":true,"allow":false}',
    'yes please',
  ]) {
    assert.ok(!isYes(no), no);
  }
});

test('a folder is delivered where it lies, once for each content, across restarts (D-21)', async t => {
  const folder = await tempDirectory(t);
  const path = join(folder, 'deep/report.txt');
  mkdirSync(join(folder, 'deep'));
  writeFileSync(path, 'one');
  const folders = [
    {
      path: folder,
      profile: 'local',
      bucket: 'outbox',
      prefix: 'reports',
      settleMs: 100,
      after: 'keep' as const,
    },
  ];
  const rig = await startDelivery(t, { settings: { folders } });
  await rig.until('deep/report.txt', ({ state }) => state === 'completed');
  assert.deepEqual(filesBelow(join(rig.target, 'outbox')), ['reports/deep/report.txt']);
  const next = await rig.restart();
  assert.equal(next.records().length, 1);
  writeFileSync(path, 'two!');
  await next.until('deep/report.txt', ({ state, id }) => state === 'completed' && id > 1);
  assert.equal(next.read('../store/outbox/reports/deep/report.txt').toString(), 'two!');
  assert.equal(next.records().length, 2);
});

test('a folder’s include and exclude say what is delivered; the rest stays, counted (D-560)', async t => {
  const folder = await tempDirectory(t);
  for (const name of ['a.jpg', 'deep/b.JPG', 'deep/c.txt', 'private/d.jpg', 'd.draft.jpg']) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), name);
    utimesSync(join(folder, name), 1, 1);
  }
  const selection = { include: ['*.jpg'], exclude: ['private/', '*.draft.*'] };
  const rig = await startDelivery(t, {
    settings: {
      folders: [
        {
          path: folder,
          profile: 'local',
          bucket: 'outbox',
          prefix: '',
          settleMs: 100,
          after: 'delete',
          selection,
        },
      ],
    },
  });
  await rig.until('a.jpg', ({ state }) => state === 'completed');
  await rig.until('deep/b.JPG', ({ state }) => state === 'completed');
  await until(() => rig.delivery.status().left.length > 0);
  assert.deepEqual(filesBelow(folder), ['d.draft.jpg', 'deep/c.txt', 'private/d.jpg']);
  assert.equal(rig.records().length, 2);
  const left = rig.delivery.status().left.map(({ kind, files }) => ({ kind, files }));
  assert.deepEqual(left, [{ kind: 'excluded', files: 3 }]);
});

test('after delivery a folder’s file can be deleted or moved to completed (D-21)', async t => {
  const base = await tempDirectory(t);
  const folderOf = (after: 'delete' | 'completed') => {
    const path = join(base, after);
    mkdirSync(path);
    writeFileSync(join(path, `${after}.txt`), after);
    utimesSync(join(path, `${after}.txt`), 1, 1);
    return { path, profile: 'local', bucket: 'outbox', prefix: '', settleMs: 1000, after };
  };
  const rig = await startDelivery(t, { settings: { folders: [folderOf('delete'), folderOf('completed')] } });
  await rig.until('delete.txt', ({ state }) => state === 'completed');
  await rig.until('completed.txt', ({ state }) => state === 'completed');
  assert.deepEqual(filesBelow(base), []);
  assert.deepEqual(filesBelow(join(rig.root, 'completed')), ['local/outbox/completed.txt']);
});

test('an equal plan disturbs nothing, a changed one starts anew, one that cannot start leaves the old one going (D-24)', async t => {
  const rig = await startDelivery(t);
  assert.equal(await rig.delivery.reconfigure(structuredClone(rig.plan)), false);
  const changed = { ...rig.plan, settings: { ...rig.plan.settings, smallAtOnce: 3 } };
  assert.equal(await rig.delivery.reconfigure(changed), true);
  const [local] = rig.plan.profiles;
  assert.ok(local);
  const impossible = { ...rig.plan, root: join(rig.write('file', ''), 'below'), profiles: [local] };
  await assert.rejects(rig.delivery.reconfigure(impossible), { code: 'disk_failed' });
  rig.write('incoming/local/outbox/a.txt', 'a');
  await rig.until('a.txt', ({ state }) => state === 'completed');
});

test('a changed setting of one bucket holds for its next file, and an upload under way to another goes on (D-24)', async t => {
  const sent = Promise.withResolvers<AbortSignal | undefined>();
  const mayGoOn = Promise.withResolvers<void>();
  t.after(() => mayGoOn.resolve());
  let opened = 0;
  const rig = await startDelivery(t, {
    openStore: profile => {
      opened += 1;
      const store = openStore(profile);
      const put = store.putObject.bind(store);
      store.putObject = async (at, source, options) => {
        if (at.key === 'large.bin') {
          sent.resolve(options?.signal);
          await mayGoOn.promise;
        }
        return put(at, source, options);
      };
      return store;
    },
  });
  mkdirSync(join(rig.target, 'archive'));
  rig.write('incoming/local/outbox/large.bin', 'large');
  const signal = await sent.promise;
  const destinations = [{ match: 'local/archive', prefix: '2026' }];
  const changed = { ...rig.plan, settings: { ...rig.plan.settings, destinations } };
  assert.equal(await rig.delivery.reconfigure(changed), true);
  rig.write('incoming/local/archive/small.txt', 'small');
  await rig.until('small.txt', ({ state }) => state === 'completed');
  assert.equal(readFileSync(join(rig.target, 'archive/2026/small.txt'), 'utf8'), 'small');
  // The small file's attempt ends a moment after its record does.
  await until(() => rig.delivery.status().uploading === 1);
  assert.deepEqual([signal?.aborted, opened], [false, 1]);
  mayGoOn.resolve();
  const { attempts } = await rig.until('large.bin', ({ state }) => state === 'completed');
  assert.equal(attempts, 1);
  assert.equal(await rig.delivery.reconfigure(rig.plan), true, 'back to what was before');
});

test('what cannot be delivered as it lies is reported and stops nothing (D-9, D-20)', async t => {
  const rig = await startDelivery(t);
  rig.write('incoming/stray.txt', 'x');
  rig.write('incoming/unknown/bucket/a.txt', 'x');
  rig.write('incoming/local/outside-a-bucket.txt', 'x');
  symlinkSync('/nowhere', join(rig.root, 'incoming/local/outbox/broken'));
  rig.write('incoming/local/outbox/good.txt', 'x');
  await rig.until('good.txt', ({ state }) => state === 'completed');
  await until(() => rig.delivery.status().refused === 3);
  assert.equal(rig.records().length, 1);
});

test('a record whose file was taken away says so (D-45)', async t => {
  const rig = await startDelivery(t, { settings: { automatic: false } });
  const path = rig.write('incoming/local/outbox/a.txt', 'a');
  await rig.until('a.txt', ({ state }) => state === 'incoming');
  unlinkSync(path);
  const record = await rig.until('a.txt', ({ state }) => state === 'failed');
  assert.equal(record.errorCode, 'source_missing');
  assert.notEqual(record.removedAtMs, null);
});

test('dropping failed files removes them and keeps their records (D-42)', async t => {
  const rig = await startDelivery(t);
  rig.write('failed/local/outbox/a.txt', 'a');
  const { journal } = rig.delivery;
  const file = { profile: 'local', bucket: 'outbox', filepath: 'a.txt', size: 1, mtimeMs: 1, inode: 1 };
  await journal.enter({
    ...file,
    state: 'failed',
    fileCreationDate: '2026-01-01T00:00:00.000Z',
    nextAttemptAtMs: null,
    hold: null,
  });
  const context = { spool: new Spool(rig.root), journal, clock: systemClock, settings: rig.plan.settings };
  assert.equal((await dropFailed(context, { match: 'b*' })).length, 0);
  assert.equal((await dropFailed(context, { match: 'local/outbox/*' })).length, 1);
  assert.ok(!rig.exists('failed/local/outbox/a.txt'));
  assert.notEqual(journal.list({})[0]?.removedAtMs, null);
});

test('start and stop may be repeated, and a stopped delivery stays stopped', async t => {
  const rig = await startDelivery(t);
  await rig.delivery.start();
  await Promise.all([rig.delivery.stop(), rig.delivery.stop()]);
  await assert.rejects(rig.delivery.start(), { code: 'stopping' });
  await assert.rejects(rig.delivery.syncNow(AbortSignal.timeout(1000)), { code: 'stopping' });
  assert.ok(rig.delivery instanceof Delivery);
});
