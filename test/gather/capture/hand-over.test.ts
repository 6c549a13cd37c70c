import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { HandOver } from '../../../src/gather/capture/hand-over.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

test('readings are not handed over through a link that somebody has put into incoming; they wait (D-160)', async t => {
  const base = await tempDirectory(t);
  for (const folder of ['capture/cloud/b', 'incoming/cloud', 'outside'])
    mkdirSync(join(base, folder), { recursive: true });
  writeFileSync(join(base, 'capture/cloud/b/readings.jsonl'), '{}');
  symlinkSync(join(base, 'outside'), join(base, 'incoming/cloud/b'));
  const handOver = new HandOver(join(base, 'capture'), join(base, 'incoming'), {
    journal: { enter: async () => undefined },
    clock: systemClock,
    log: silentLogger,
  } as unknown as ConstructorParameters<typeof HandOver>[2]);
  t.after(() => handOver.close());
  handOver.add({ path: 'cloud/b/readings.jsonl', companions: [] } as unknown as Parameters<
    HandOver['add']
  >[0]);
  await handOver.settle();
  assert.deepEqual(readdirSync(join(base, 'outside')), []);
  assert.deepEqual(readdirSync(join(base, 'capture/cloud/b')), ['readings.jsonl']);
  unlinkSync(join(base, 'incoming/cloud/b'));
  await handOver.close();
  assert.deepEqual(readdirSync(join(base, 'incoming/cloud/b')), ['readings.jsonl']);
});
