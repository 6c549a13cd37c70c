import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Logger, silentLogger } from '../../src/base/log.ts';
import { CopyLog } from '../../src/cli/copy-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('off a terminal a copy says every ten seconds how far it is; each file is said at debug (S-504)', async () => {
  const clock = new VirtualClock();
  const said: unknown[] = [];
  let files = 0;
  const log: Logger = {
    ...silentLogger,
    info: (facts: unknown, message?: string) => void said.push([facts, message]),
    debug: () => {
      files += 1;
    },
  };
  const copy = new CopyLog(log, clock);
  for (let second = 0; second < 25; second += 1) {
    copy.copied({ bytes: 10, path: `${second}` });
    await clock.advance(1000);
  }
  await clock.advance(5000);
  copy.delivered({ bytes: 10, path: '0' });
  assert.deepEqual(said, [
    [{ files: 11, bytes: 110 }, 'copied so far'],
    [{ files: 21, bytes: 210 }, 'copied so far'],
    [{ files: 1, bytes: 10 }, 'delivered so far'],
  ]);
  assert.equal(files, 26);
});
