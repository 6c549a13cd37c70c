import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import { parseControl } from '../../../src/gather/capture/collectors/control.ts';
import type { CollectorStatus } from '../../../src/gather/capture/collectors/status.ts';
import type { CollectorPlan } from '../../../src/gather/capture/settings.ts';
import { kindOfError } from '../../../src/gather/capture/sources/failure.ts';
import {
  capturePlanOf,
  collectorPlan,
  collectorsOf,
  raw,
  rememberingLog,
  sourceOf,
} from '../../support/capture.ts';
import { until } from '../../support/sluice.ts';
import { tempDirectory } from '../../support/temp-directory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** On the disk and on its way there. */
const takenBy = ({ readings, pending }: CollectorStatus) => readings + pending;
const ONES = () => sourceOf(() => raw('1'));
const named = (name: string, change: Partial<CollectorPlan> = {}) => collectorPlan({ name, ...change });

test('a collector that is the same in both plans does not notice; others stop, and their files are complete (K-14)', async t => {
  const directory = await tempDirectory(t);
  const clock = new VirtualClock();
  let opened = 0;
  const { collectors, finished } = collectorsOf(clock, () => {
    opened += 1;
    return ONES();
  });
  const plan = capturePlanOf(directory, { collectors: [named('stays'), named('changes'), named('goes')] });
  await collectors.configure(plan);
  await clock.advance(550);
  await collectors.configure({
    ...plan,
    maxAgeMs: 30_000,
    collectors: [named('stays'), named('changes', { everyMs: 200 }), named('comes')],
  });
  assert.equal(opened, 5);
  assert.deepEqual(finished.map(({ file }) => [file?.collector, file?.readings, file?.reason]).sort(), [
    ['changes', 6, 'stop'],
    ['goes', 6, 'stop'],
  ]);
  await clock.advance(400);
  const figures = collectors.status().map(one => [one.name, takenBy(one), one.missed]);
  assert.deepEqual(figures, [
    ['stays', 10, 0],
    ['changes', 3, 0],
    ['comes', 5, 0],
  ]);
  await collectors.stop();
  await collectors.stop();
  assert.equal(
    finished.reduce((sum, { file }) => sum + (file?.readings ?? 0), 0),
    6 + 6 + 10 + 3 + 5,
  );
  assert.equal(clock.pendingTimers, 0);
});

test('nothing runs while capture is disabled, and a disabled collector rests (K-12)', async t => {
  const directory = await tempDirectory(t);
  const clock = new VirtualClock();
  const { collectors } = collectorsOf(clock, ONES);
  const plan = capturePlanOf(directory, { collectors: [named('a'), named('b', { disabled: true })] });
  await collectors.configure({ ...plan, disabled: true });
  await clock.advance(500);
  assert.deepEqual(
    collectors.status().map(one => [takenBy(one), one.disabled]),
    [
      [0, true],
      [0, true],
    ],
  );
  await collectors.configure(plan);
  await clock.advance(500);
  assert.deepEqual(
    collectors.status().map(one => [takenBy(one), one.disabled]),
    [
      [6, false],
      [0, true],
    ],
  );
  await collectors.stop();
});

test('the same error is reported at most every 2 s, then ever less often, another one at once, and neither stops the other collectors (K-7)', async t => {
  const directory = await tempDirectory(t);
  const clock = new VirtualClock();
  const { log, messages } = rememberingLog();
  let asked = 0;
  const failing = sourceOf(() => {
    asked += 1;
    throw new SluiceError('reading_failed', asked === 15 ? 'something else' : 'broken');
  });
  const { collectors } = collectorsOf(clock, ({ name }) => (name === 'bad' ? failing : ONES()), log);
  await collectors.configure(capturePlanOf(directory, { collectors: [named('bad'), named('good')] }));
  await clock.advance(14_050);
  assert.deepEqual(messages, [
    'bad: broken',
    'bad: something else',
    ...['bad: broken', 'bad: broken', 'bad: broken'],
  ]);
  const [bad, good] = collectors.status();
  assert.deepEqual(
    [bad?.errors, bad?.lastError?.message, good?.errors, good && takenBy(good)],
    [141, 'broken', 0, 141],
  );
  await collectors.stop();
});

test('a control answer switches collectors and intervals; a faulty one is refused with every fault (K-13)', () => {
  const names = new Set(['a', 'b']);
  const answer = parseControl(
    '{"disabled": false, "collectors": {"a": {"disabled": true}, "b": {"every": "250ms"}}}',
    names,
  );
  assert.equal(answer.disabled, false);
  assert.deepEqual(
    [...answer.collectors],
    [
      ['a', { disabled: true, everyMs: undefined }],
      ['b', { disabled: undefined, everyMs: 250 }],
    ],
  );
  assert.equal(parseControl('', names).collectors.size, 0);
  assert.throws(
    () =>
      parseControl(
        '{"on": 1, "disabled": "no", "collectors": {"c": {}, "a": {"every": "soon", "x": 1}, "b": 3}}',
        names,
      ),
    /"on" is not known.*disabled must be.*no collector "c".*a\.x is not known.*a\.every must be.*b must be an object/,
  );
  assert.throws(() => parseControl('[1]', names), /not a JSON object/);
});

test('while running, the control source stops, slows and starts collectors; what cannot be understood changes nothing (K-13)', async t => {
  const directory = await tempDirectory(t);
  const clock = new VirtualClock();
  const { log, messages } = rememberingLog();
  const { collectors } = collectorsOf(clock, ONES, log);
  const said = `${directory}/control.json`;
  const control = { question: { command: `cat ${said}` }, everyMs: 1000, timeoutMs: 60_000 };
  const plans = [named('a'), named('b')];
  const state = () => collectors.status().map(({ everyMs, disabled }) => [everyMs, disabled]);
  writeFileSync(said, '{"collectors": {"a": {"disabled": true}}}');
  await collectors.configure(capturePlanOf(`${directory}/capture`, { control, collectors: plans }));
  assert.deepEqual(state(), [
    [100, true],
    [100, false],
  ]);
  writeFileSync(said, '{"collectors": {"b": {"every": "50ms"}}}');
  await clock.advance(1000);
  await until('the answer is in force', () => state()[1]?.[0] === 50);
  assert.deepEqual(state(), [
    [100, false],
    [50, false],
  ]);
  writeFileSync(said, 'nonsense');
  await until('the fault is reported', async () => {
    await clock.advance(1000);
    return messages.some(line => line.startsWith('control: '));
  });
  assert.deepEqual(state(), [
    [100, false],
    [50, false],
  ]);
  await collectors.stop();
  assert.equal(clock.pendingTimers, 0);
});

test('errors that differ only in the file or number that they name are of one kind; a full disk is one kind for all (K-7)', () => {
  const failed = (message: string) => new SluiceError('reading_failed', message, { operation: 'read' });
  const kinds = new Set([
    kindOfError('one', failed("cannot open '/data/20261122T190400.123Z-3f9a1c.ndjson'")),
    kindOfError('one', failed("cannot open '/data/20261122T190401.456Z-00ff1c.ndjson'")),
    kindOfError('one', failed('/data/7/temp: no answer within 12 ms')),
    kindOfError('one', failed('/data/8/temp: no answer within 15 ms')),
    kindOfError('two', failed('/data/8/temp: no answer within 15 ms')),
    kindOfError('one', new SluiceError('disk_full', 'no room left for a')),
    kindOfError('two', new SluiceError('disk_full', 'no room left for b')),
  ]);
  assert.equal(kinds.size, 4);
});
