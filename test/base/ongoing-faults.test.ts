import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import { OngoingFaults } from '../../src/base/ongoing-faults.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('a fault lasts since it was first found, with the latest reason, until it is over (W-53)', async () => {
  const clock = new VirtualClock();
  const faults = new OngoingFaults(clock);
  const beganMs = clock.nowMs();
  faults.begin('certificate', 'has expired', { words: 'the certificate', hint: 'Renew it.' });
  await clock.advance(1_000);
  const refused = new SluiceError('notification_refused', 'it answers 404\nmore of it', { hint: 'Mend it.' });
  faults.begin('webhook', refused, { words: 'nobody is told', hint: 'No.', isTriedAgain: true });
  faults.begin('certificate', 'is for another name', { words: 'the certificate' });
  assert.deepEqual(faults.all(), [
    {
      about: 'certificate',
      code: null,
      message: 'the certificate: is for another name',
      hint: null,
      sinceMs: beganMs,
      isTriedAgain: false,
    },
    {
      about: 'webhook',
      code: 'notification_refused',
      message: 'nobody is told: it answers 404',
      hint: 'Mend it.',
      sinceMs: beganMs + 1_000,
      isTriedAgain: true,
    },
  ]);
  faults.end('certificate');
  faults.end('never begun');
  assert.deepEqual(
    faults.all().map(({ about }) => about),
    ['webhook'],
  );
});

test('what nobody can end is over by itself once it does not come again, and begins anew after that (W-53)', async () => {
  const clock = new VirtualClock();
  const faults = new OngoingFaults(clock);
  const again = (): void =>
    faults.begin('webhooks', 'the signature is wrong', { words: 'refused', forMs: 100 });
  again();
  const beganMs = clock.nowMs();
  await clock.advance(99);
  again();
  await clock.advance(99);
  assert.equal(faults.all()[0]?.sinceMs, beganMs);
  await clock.advance(1);
  assert.deepEqual(faults.all(), []);
  again();
  assert.equal(faults.all()[0]?.sinceMs, clock.nowMs());
});
