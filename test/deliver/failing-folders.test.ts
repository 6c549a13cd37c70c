import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../src/base/log.ts';
import { createWatch, type FailingRoot, type WatchOptions } from '../../src/deliver/intake/watch/watch.ts';
import { startDelivery, until } from '../support/delivery.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const ESTALE = 116;
const EIO = 5;

/** Delivery of a folder whose watch says what `tell` is given; what it logs as warnings. */
async function rigOfFolder(t: TestContext) {
  const folder = join(await tempDirectory(t), 'mounted');
  mkdirSync(folder);
  let options: WatchOptions | undefined;
  const warnings: string[] = [];
  const warn = (_facts: unknown, message?: string): void => void warnings.push(message ?? '');
  const log = { ...silentLogger, warn, child: () => log };
  const rig = await startDelivery(t, {
    log,
    settings: {
      probeIntervalMs: 30,
      folders: [{ path: folder, profile: 'local', bucket: 'outbox', prefix: '', after: 'keep', settleMs: 0 }],
    },
    openWatch: given => {
      options = given;
      return createWatch(given);
    },
  });
  const tell = (errno: number, change: Partial<FailingRoot> = {}): void => {
    const example = { path: join(folder, 'a'), errno, call: 'open' };
    options?.onFailing?.([{ root: folder, files: 1345, hasAnswered: false, example, ...change }]);
  };
  return { rig, folder, warnings, tell };
}

test('a folder whose mount dies before its files are on record is held with one message, counts them, and goes on by itself (D-665)', async t => {
  const { rig, folder, warnings, tell } = await rigOfFolder(t);
  renameSync(folder, `${folder}.away`);
  for (let sweep = 0; sweep < 5; sweep += 1) tell(ESTALE);
  await until(() => rig.delivery.holds().length > 0);
  const [hold] = rig.delivery.holds();
  assert.deepEqual([hold?.kind, hold?.place, hold?.files], ['disk', folder, 1345]);
  const ofHold = () => warnings.filter(line => line === 'disk is held; its files wait');
  tell(ESTALE);
  assert.equal(ofHold().length, 1);
  writeFileSync(join(`${folder}.away`, 'a'), 'x');
  renameSync(`${folder}.away`, folder);
  await until(() => rig.delivery.holds().length === 0);
  await rig.until('a', ({ state }) => state === 'completed');
  assert.equal(ofHold().length, 1);
});

test('where every file fails alike the folder is held until one can be read; where others can be read it is not (D-665)', async t => {
  const { rig, folder, warnings, tell } = await rigOfFolder(t);
  // Reading it is EIO, while the folder itself can be listed.
  symlinkSync('/proc/self/mem', join(folder, 'a'));
  tell(EIO, { hasAnswered: true });
  tell(EIO, { hasAnswered: true });
  tell(EIO, { hasAnswered: true });
  const ofFile = () => warnings.filter(line => line.includes('cannot be read, while its folder can'));
  await until(() => ofFile().length > 0);
  assert.deepEqual([rig.delivery.holds(), ofFile().length], [[], 1]);
  tell(EIO);
  await until(() => rig.delivery.holds().length === 1);
  unlinkSync(join(folder, 'a'));
  await until(() => rig.delivery.holds().length === 0);
});
