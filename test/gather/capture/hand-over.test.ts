import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { recover } from '../../../src/gather/capture/files/recover.ts';
import { HandOver } from '../../../src/gather/capture/hand-over.ts';
import { rememberingLog } from '../../support/capture.ts';
import { tempDirectory } from '../../support/temp-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const NAME = '20260105T000000.000Z-00000a.ndjson';

test('what is in the way of one file is not in the way of the others, and is said once a minute (K-11)', async t => {
  const folder = await tempDirectory(t);
  const [from, to] = [join(folder, 'capture'), join(folder, 'incoming')];
  const clock = new VirtualClock();
  const { log, messages } = rememberingLog();
  const handOver = new HandOver(from, to, { journal: { enter: async () => undefined }, clock, log });
  const paths = ['blocked', 'free', 'free2'].map(collector => `local/outbox/${collector}/${NAME}`);
  for (const path of paths) {
    mkdirSync(dirname(join(from, path)), { recursive: true });
    writeFileSync(join(from, path), 'x');
  }
  mkdirSync(join(to, 'local/outbox'), { recursive: true });
  writeFileSync(join(to, 'local/outbox/blocked'), 'a file where the folder should be');
  for (const path of paths) handOver.add({ path, companions: [], file: undefined });
  await handOver.settle();
  assert.deepEqual(
    paths.map(path => existsSync(join(to, path))),
    [false, true, true],
  );
  for (let second = 0; second < 90; second += 1) {
    await clock.advance(1_000);
    await handOver.settle();
  }
  assert.equal(messages.length, 2, messages.join('\n'));
  rmSync(join(to, 'local/outbox/blocked'));
  await clock.advance(1_000);
  await handOver.settle();
  assert.ok(existsSync(join(to, paths[0] ?? '')));
  await handOver.close();
  assert.equal(clock.pendingTimers, 0);
});

test('a file of the last run that cannot be read stays, and the others are completed (K-10)', async t => {
  const directory = await tempDirectory(t);
  const folder = join(directory, 'local/outbox/one');
  // A folder under the name of a file: it cannot be read as one.
  mkdirSync(join(folder, `${NAME}.prog`), { recursive: true });
  const whole = '20260105T000001.000Z-00000b.ndjson';
  const line = { collector: 'one', method: 'file', requested_at: 'a', received_at: 'b', reading: 1 };
  writeFileSync(join(folder, `${whole}.prog`), `${JSON.stringify(line)}\n`);
  const { finished, failures } = await recover(directory, 1);
  assert.deepEqual(
    finished.map(({ path }) => path),
    [`local/outbox/one/${whole}`],
  );
  assert.equal(failures.length, 1);
  assert.match(failures[0]?.message ?? '', /directory/);
});
