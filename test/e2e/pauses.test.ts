import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from '../../src/client/client.ts';
import { deliveryPlace, isCompleted } from '../support/delivery-station.ts';
import { sluice, until } from '../support/sluice.ts';

test('sluice pause and resume: what is paused is in list, status and metrics, and waits over a restart (W-50)', async t => {
  const place = await deliveryPlace(t);
  const yaml = 'sync: {interval: 300ms}\n';
  let station = await place.up(yaml);
  assert.match((await place.run('pause')).stdout, /nothing is paused/);
  assert.match((await place.run('pause', 'store/bucket')).stdout, /^bucket store\/bucket is paused\n$/);
  const unknown = await place.run('pause', 'nowhere');
  assert.deepEqual([unknown.code, /there is no destination or host nowhere/.test(unknown.stderr)], [1, true]);
  place.drop('a', 'a');
  await until('it waits', async () => {
    const { holds } = await createClient({ url: station.url }).getStatus();
    return holds[0]?.files === 1 && holds[0].code === 'paused';
  });
  station.process.kill('SIGTERM');
  await station.ended;
  station = await place.up(yaml);
  const { pauses } = await createClient({ url: station.url }).listPauses();
  assert.deepEqual(
    pauses.map(({ kind, name }) => [kind, name]),
    [['bucket', 'store/bucket']],
  );
  assert.match((await place.run('status')).stdout, /paused bucket store\/bucket since/);
  const metrics = await (await fetch(`${station.url}/metrics`)).text();
  assert.match(metrics, /sluice_paused\{kind="bucket",name="store\/bucket"\} 1/);
  assert.equal(place.server.objects('bucket').size, 0);
  const resumed = await sluice(t, ['resume', 'store/bucket', '--json', ...place.args], { cwd: place.cwd });
  assert.equal(JSON.parse(resumed.stdout).kind, 'bucket');
  await isCompleted(place, 1);
});
