import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { WatchMode } from '../../src/deliver/intake/watch/watch.ts';
import { running, scratch } from '../support/arrivals.ts';
import { slowWriter } from '../support/slow-writer.ts';

const BURST_WRITER = join(import.meta.dirname, '../support/burst-writer.ts');
const NOBODY = 65_534;

/** What every way of watching must keep. */
export function watchSuite(mode: WatchMode): void {
  const option = { mode: mode === 'inotify' ? 'auto' : 'sweep' } as const;
  const here = async (t: TestContext) => {
    const { root, ...rest } = scratch(t);
    return { root, ...rest, ...(await running(t, root, option)) };
  };

  describe(`watch, mode ${mode}`, { timeout: 30_000, concurrency: 8 }, () => {
    test('runs in the mode it says', async t => {
      const { watch } = await here(t);
      assert.equal(watch.mode, mode);
    });

    test('a file renamed into the tree is reported (D-15)', async t => {
      const { root, outside, got } = await here(t);
      writeFileSync(join(outside, 'a'), 'whole');
      renameSync(join(outside, 'a'), join(root, 'a'));
      await got.untilArrived(join(root, 'a'));
      assert.equal(got.arrivals[0]?.size, 5);
    });

    test('what lies there at the start is reported (D-16)', async t => {
      const { root } = scratch(t);
      mkdirSync(join(root, 'x/y'), { recursive: true });
      writeFileSync(join(root, 'x/y/old'), 'old');
      const { got } = await running(t, root, option);
      await got.untilArrived(join(root, 'x/y/old'));
      assert.equal(got.arrivals.length, 1);
    });

    test('a whole tree moved in is reported, and what is written in it afterwards (D-17)', async t => {
      const { root, outside, got } = await here(t);
      for (let d = 0; d < 20; d += 1) {
        mkdirSync(join(outside, `tree/${d}/deep/er`), { recursive: true });
        for (let f = 0; f < 5; f += 1) writeFileSync(join(outside, `tree/${d}/deep/er/${f}`), 'x');
      }
      renameSync(join(outside, 'tree'), join(root, 'tree'));
      await got.until(() => got.arrivals.length >= 100);
      writeFileSync(join(root, 'tree/3/deep/later'), 'later');
      await got.untilArrived(join(root, 'tree/3/deep/later'));
      assert.deepEqual([got.arrivals.length, got.twice()], [101, []]);
    });

    test('files written at once into directories just made are not missed (D-17)', async t => {
      const { root, got } = await here(t);
      for (let n = 0; n < 300; n += 1) {
        const directory = join(root, `n${n % 10}/${n}/a/b/c`);
        mkdirSync(directory, { recursive: true });
        writeFileSync(join(directory, 'file'), 'x');
      }
      await got.until(() => got.arrivals.length >= 300);
      assert.deepEqual([got.arrivals.length, got.twice()], [300, []]);
    });

    test('a hard link is reported; the name it was made from is not reported again (D-17)', async t => {
      const { root, outside, watch, got } = await here(t);
      writeFileSync(join(outside, 'origin'), 'x');
      linkSync(join(outside, 'origin'), join(root, 'first'));
      await got.untilArrived(join(root, 'first'));
      linkSync(join(root, 'first'), join(root, 'second'));
      await got.untilArrived(join(root, 'second'));
      await watch.sweepNow();
      assert.deepEqual(got.twice(), []);
    });

    test('a file and a directory renamed within the tree are reported under the new name', async t => {
      const { root, got } = await here(t);
      mkdirSync(join(root, 'a'));
      writeFileSync(join(root, 'a/f'), 'x');
      await got.untilArrived(join(root, 'a/f'));
      renameSync(join(root, 'a/f'), join(root, 'a/g'));
      await got.untilArrived(join(root, 'a/g'));
      renameSync(join(root, 'a'), join(root, 'b'));
      await got.untilArrived(join(root, 'b/g'));
      writeFileSync(join(root, 'b/h'), 'x');
      await got.untilArrived(join(root, 'b/h'));
      assert.equal(got.arrivals.length, 4);
    });

    test('a root that is deleted is reported once, and watched again when it returns (D-17)', async t => {
      const { root, watch, got } = await here(t);
      rmSync(root, { recursive: true });
      await got.untilTrouble('root_missing');
      await watch.sweepNow();
      mkdirSync(join(root, 'again'), { recursive: true });
      writeFileSync(join(root, 'again/f'), 'x');
      await got.untilArrived(join(root, 'again/f'));
      writeFileSync(join(root, 'again/g'), 'x');
      await got.untilArrived(join(root, 'again/g'));
      assert.equal(got.troubles.filter(({ kind }) => kind === 'root_missing').length, 1);
    });

    test('a root that is moved away and made anew is watched where it should be (D-17)', async t => {
      const { root, outside, watch, got } = await here(t);
      renameSync(root, join(outside, 'was-root'));
      mkdirSync(root);
      await watch.sweepNow();
      writeFileSync(join(outside, 'was-root/f'), 'not ours');
      writeFileSync(join(root, 'g'), 'x');
      await got.untilArrived(join(root, 'g'));
      assert.equal(got.arrivals.length, 1);
    });

    test('symlinks, sockets and pipes are reported once, skipped, and stop nothing (D-20)', async t => {
      const { root, outside, watch, got } = await here(t);
      mkdirSync(join(outside, 'elsewhere'));
      writeFileSync(join(outside, 'elsewhere/secret'), 'x');
      symlinkSync('/nowhere', join(root, 'broken'));
      symlinkSync(join(outside, 'elsewhere'), join(root, 'out'));
      symlinkSync('loop', join(root, 'loop'));
      spawnSync('mkfifo', [join(root, 'pipe')]);
      const server = createServer().listen(join(root, 'socket'));
      await once(server, 'listening');
      t.after(() => server.close());
      writeFileSync(join(root, 'z'), 'x');
      await got.untilArrived(join(root, 'z'));
      await got.until(() => got.troubles.length >= 5);
      for (let n = 0; n < 3; n += 1) await watch.sweepNow();
      assert.deepEqual(
        got.troubles.map(({ kind, path }) => `${kind} ${path.slice(root.length + 1)}`).sort(),
        ['special_file pipe', 'special_file socket', 'symlink broken', 'symlink loop', 'symlink out'],
      );
      assert.match(got.troubles.find(({ path }) => path.endsWith('broken'))?.message ?? '', /broken/);
      assert.equal(got.arrivals.length, 1);
    });

    test('names that are not UTF-8 are reported once and skipped; other odd names arrive as themselves (D-20)', async t => {
      const { root, watch, got } = await here(t);
      const names = [
        'new\nline',
        ' space ',
        '100%+&?#',
        'back\\slash',
        '-rf',
        'ünï ☃ 😀',
        '\ufffd',
        '\u0001',
      ];
      for (const name of [...names, 'l'.repeat(255)]) writeFileSync(join(root, name), 'x');
      const bad = Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9])]);
      writeFileSync(bad, 'x');
      mkdirSync(Buffer.concat([bad, Buffer.from('.d')]));
      await got.until(() => got.arrivals.length >= 9 && got.troubles.length >= 2);
      await watch.sweepNow();
      await watch.sweepNow();
      const expected = [...names, 'l'.repeat(255)].map(name => join(root, name));
      assert.deepEqual(got.arrivals.map(({ path }) => path).sort(), expected.sort());
      assert.deepEqual(got.troubles.map(({ kind, path }) => `${kind} ${path.slice(root.length)}`).sort(), [
        'name_not_utf8 /caf\\xe9',
        'name_not_utf8 /caf\\xe9.d',
      ]);
    });

    test('an empty file is reported with size 0, and again once it has content (D-19)', async t => {
      const { root, got } = await here(t);
      const path = join(root, 'empty');
      writeFileSync(path, '');
      await got.untilArrived(path);
      appendFileSync(path, 'content');
      await got.untilArrived(path, 2);
      assert.deepEqual(
        got.arrivals.map(({ size }) => size),
        [0, 7],
      );
    });

    test('a file left in place is not reported again until it changes (D-18)', async t => {
      const { root, watch, got } = await here(t);
      const path = join(root, 'kept');
      writeFileSync(path, 'one');
      await got.untilArrived(path);
      for (let n = 0; n < 3; n += 1) await watch.sweepNow();
      assert.equal(got.arrivals.length, 1);
      appendFileSync(path, 'two');
      await got.untilArrived(path, 2);
      assert.equal(got.arrivals[1]?.size, 6);
    });

    test('a file that the consumer moves away makes no noise, and is reported when it is moved back (D-18)', async t => {
      const { root, outside, watch, got } = await here(t);
      const [path, away] = [join(root, 'f'), join(outside, 'f')];
      writeFileSync(path, 'x');
      await got.untilArrived(path);
      renameSync(path, away);
      watch.forget([path]);
      await watch.sweepNow();
      renameSync(away, path);
      await got.untilArrived(path, 2);
      assert.deepEqual([got.arrivals.length, got.troubles], [2, []]);
    });

    test('roots come and go while it runs', async t => {
      const { root, outside, watch, got } = await here(t);
      writeFileSync(join(outside, 'f'), 'x');
      await watch.addRoot(outside);
      await got.untilArrived(join(outside, 'f'));
      await watch.removeRoot(outside);
      writeFileSync(join(outside, 'g'), 'x');
      writeFileSync(join(root, 'h'), 'x');
      await got.untilArrived(join(root, 'h'));
      await watch.sweepNow();
      assert.equal(got.arrivals.length, 2);
      await assert.rejects(watch.addRoot(join(root, 'inner')), { code: 'usage' });
    });

    test('a batch that the consumer refuses is reported again', async t => {
      const { root } = scratch(t);
      const taken = Promise.withResolvers<string>();
      let refusals = 0;
      const onArrival: Parameters<typeof running>[2] = {
        onArrival: ([first]) => {
          refusals += 1;
          if (refusals < 3) throw new Error('not now');
          taken.resolve(first?.path ?? '');
        },
      };
      await running(t, root, { ...option, ...onArrival });
      writeFileSync(join(root, 'f'), 'x');
      assert.equal(await taken.promise, join(root, 'f'));
    });

    test('stop ends quickly, twice, and leaves neither thread nor descriptor', async t => {
      const { root, outside } = scratch(t);
      for (let d = 0; d < 50; d += 1) mkdirSync(join(root, `${d}/x`), { recursive: true });
      const { watch, got } = await running(t, root, option);
      await Promise.all([watch.stop(), watch.stop()]);
      writeFileSync(join(root, 'late'), 'x');
      await assert.rejects(watch.start(), { code: 'stopping' });
      await assert.rejects(watch.sweepNow(), { code: 'stopping' });
      assert.deepEqual(got.arrivals, []);
      assert.ok(existsSync(outside));
    });
  });

  // Apart from the others: they block the main thread, need it for a steady writer, or touch what is the whole
  // process's.
  describe(`watch, mode ${mode}, one at a time`, { timeout: 30_000 }, () => {
    test('a file that another process writes slowly is reported only once it is closed (D-15)', async t => {
      const { root, watch, got } = await here(t);
      const path = join(root, 'slow');
      const writer = await slowWriter(t, path);
      let bytes = 0;
      for (const startMs = performance.now(); performance.now() - startMs < 1000; bytes += 5) {
        await writer.write();
        await watch.sweepNow();
        assert.deepEqual(got.arrivals, []);
      }
      await writer.close();
      await got.untilArrived(path);
      assert.deepEqual([got.arrivals.length, got.arrivals[0]?.size], [1, bytes]);
    });

    test('2 000 files in 200 new directories while the main thread is blocked: none missed, none early (D-17)', async t => {
      const { root, got } = await here(t);
      const writer = spawn(process.execPath, [BURST_WRITER, root, '200', '10'], { stdio: 'inherit' });
      const exited = once(writer, 'exit');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      await exited;
      await got.until(() => got.arrivals.length >= 2000);
      assert.deepEqual([got.arrivals.length, got.twice()], [2000, []]);
      assert.deepEqual(
        got.arrivals.filter(arrival => arrival.size !== 64),
        [],
      );
    });

    test('an unreadable file and directory are reported once, and taken up once they can be read (D-20)', async t => {
      const { base, root } = scratch(t);
      mkdirSync(join(root, 'closed'));
      writeFileSync(join(root, 'closed/inside'), 'x');
      writeFileSync(join(root, 'locked'), 'x');
      writeFileSync(join(root, 'open'), 'x');
      const lock = (mode: number): void => {
        chmodSync(join(root, 'locked'), mode);
        chmodSync(join(root, 'closed'), mode);
      };
      await asNobody(base, async () => {
        lock(0);
        const { watch, got } = await running(t, root, option);
        await got.untilArrived(join(root, 'open'));
        await got.until(() => got.troubles.length >= 2);
        for (let n = 0; n < 3; n += 1) await watch.sweepNow();
        assert.deepEqual(got.troubles.map(({ kind, path }) => `${kind} ${path.slice(root.length)}`).sort(), [
          'unreadable /closed',
          'unreadable /locked',
        ]);
        lock(0o700);
        await got.untilArrived(join(root, 'locked'));
        await got.untilArrived(join(root, 'closed/inside'));
        await watch.stop();
        assert.deepEqual([got.arrivals.length, got.twice()], [3, []]);
      });
    });

    test('starting and stopping many times leaves no thread and no descriptor', async t => {
      const { root } = scratch(t);
      const count = () => [readdirSync('/proc/self/fd').length, readdirSync('/proc/self/task').length];
      await (await running(t, root, option)).watch.stop();
      const before = count();
      for (let n = 0; n < 5; n += 1) {
        const { watch } = await running(t, root, option);
        const startMs = performance.now();
        await watch.stop();
        assert.ok(performance.now() - startMs < 1000, 'stop took a second');
      }
      assert.deepEqual(count(), before);
    });
  });
}

/** Permissions do not bind root, so the whole process is somebody else, who owns `base`, while the work runs. */
async function asNobody(base: string, work: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return work();
  spawnSync('chown', ['-R', String(NOBODY), base]);
  process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}
