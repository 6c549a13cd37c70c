import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { Destination } from '../../../src/deliver/destinations.ts';
import { EndpointMonitor } from '../../../src/deliver/queue/endpoint-monitor.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const ENDPOINT = 'https://s3.example';

function monitored(t: TestContext) {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const note = (_facts: object, message: string): void => void lines.push(message);
  const store = { listBuckets: async () => [] };
  const monitor = new EndpointMonitor({
    destinations: [{ profile: 'p', endpoint: ENDPOINT, store } as unknown as Destination],
    clock,
    log: { ...silentLogger, info: note, warn: note } as never,
    probeIntervalMs: 1000,
    bucketAt: () => undefined,
    onBack: () => undefined,
    onSlow: () => undefined,
  });
  t.after(() => monitor.stop());
  return { clock, lines, monitor };
}

test('trouble of a server that took no file, and that nobody needs any more, ends with a line of its own (D-608)', async t => {
  const { clock, lines, monitor } = monitored(t);
  const refused = new SluiceError('host_unreachable', 'the connection is refused');
  monitor.noteCall(ENDPOINT, refused);
  await monitor.ask(ENDPOINT);
  monitor.noteCall(ENDPOINT, refused);
  await monitor.ask(ENDPOINT);
  const shown = () => monitor.status().map(({ state, reason }) => [state, reason?.message])[0];
  assert.deepEqual(shown(), ['offline', 'it answers, but does not accept files: the connection is refused']);
  assert.equal(lines.at(-1), 'link answers, but does not accept files');
  await clock.advance(61_000);
  assert.deepEqual(shown(), ['online', undefined]);
  assert.equal(lines.at(-1), 'link is online, and no file has failed on it for a while');
  const before = lines.length;
  await clock.advance(600_000);
  assert.equal(lines.length, before);
});

test('a bucket that fails round after round while another one takes files is no trouble of the link (D-809)', async t => {
  const { clock, lines, monitor } = monitored(t);
  const failing = new SluiceError('bucket_unavailable', 'We encountered an internal error');
  for (let round = 0; round < 5; round += 1) {
    monitor.noteSent(ENDPOINT, 'p/well');
    for (let file = 0; file < 4; file += 1) monitor.noteCall(ENDPOINT, failing, 'p/failing');
    assert.equal(monitor.stateOf(ENDPOINT), 'online');
    await clock.advance(90_000);
  }
  assert.deepEqual(lines, ['link is online']);
  for (const bucket of ['p/well', 'p/failing', 'p/well']) monitor.noteCall(ENDPOINT, failing, bucket);
  assert.equal(monitor.stateOf(ENDPOINT), 'unhealthy', 'where every bucket fails, it is the link');
  assert.equal(lines.at(-1), 'link is unhealthy');
});

test('one bucket that fails where no other is in use makes the link unhealthy, as does one long after (D-809)', async t => {
  const { clock, monitor } = monitored(t);
  const failing = new SluiceError('bucket_unavailable', 'We encountered an internal error');
  monitor.noteSent(ENDPOINT, 'p/well');
  await clock.advance(11 * 60_000);
  for (let file = 0; file < 3; file += 1) monitor.noteCall(ENDPOINT, failing, 'p/failing');
  assert.equal(monitor.stateOf(ENDPOINT), 'unhealthy');
});
