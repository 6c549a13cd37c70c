import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import { bentStore } from '../support/bent-store.ts';
import { openStore, startDelivery, until } from '../support/delivery.ts';

test('a server that answers its probes and takes no file is warned of once and shown all the while, until it takes one (D-667)', async t => {
  const warnings: string[] = [];
  const notes: string[] = [];
  const noting =
    (lines: string[]) =>
    (facts: object | string, message?: string): void =>
      void (typeof facts === 'object' && 'endpoint' in facts && lines.push(message ?? ''));
  const log = { ...silentLogger, warn: noting(warnings), info: noting(notes), child: () => log };
  let isRefusing = true;
  let probes = 0;
  const rig = await startDelivery(t, {
    log,
    settings: { probeIntervalMs: 20 },
    openStore: profile =>
      bentStore(openStore(profile), ({ name }) => {
        if (name === 'listBuckets') probes += 1;
        return isRefusing && name === 'putObject'
          ? new SluiceError('host_unreachable', 'the connection is refused')
          : undefined;
      }).store,
  });
  for (const name of ['a', 'b', 'c']) rig.write(`incoming/local/outbox/${name}`, name);
  const shown = () =>
    rig.delivery.status().links.map(({ state, reason }) => `${state} ${reason?.message}`)[0];
  const wanted = 'offline it answers, but does not accept files: the connection is refused';
  await until(() => shown() === wanted);
  const { sinceMs } = rig.delivery.status().links[0] ?? {};
  const before = probes;
  await until(() => {
    assert.equal(shown(), wanted);
    return probes >= before + 6;
  });
  assert.deepEqual(
    rig.delivery.holds().map(({ kind, files }) => [kind, files]),
    [['endpoint', 3]],
  );
  assert.equal(rig.delivery.status().links[0]?.sinceMs, sinceMs);
  assert.deepEqual(warnings, ['link is offline']);
  isRefusing = false;
  await until(() => rig.delivery.journal.counts().completed === 3);
  await until(() => rig.delivery.holds().length === 0 && shown() === 'online undefined');
  assert.equal(notes.at(-1), 'link accepts files again');
  assert.equal(warnings.length, 1);
});
