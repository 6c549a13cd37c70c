import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { copyFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OngoingFaults } from '../../src/base/ongoing-faults.ts';
import { readServerCertificate } from '../../src/server/certificate-files.ts';
import { CertificateRenewal } from '../../src/server/certificate-renewal.ts';
import { selfSigned } from '../support/certificates.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('a certificate that cannot even be looked at ends nothing, and one that comes then is shown (S-621)', async t => {
  const folder = await tempDirectory(t);
  const { certFile, keyFile } = selfSigned(folder, 'first');
  const next = selfSigned(folder, 'next');
  const files = { cert: certFile, key: keyFile };
  const clock = new VirtualClock();
  const told = new EventEmitter<{ error: [string]; info: [string] }>();
  told.on('error', () => undefined);
  const shown: unknown[] = [];
  const faults = new OngoingFaults(clock);
  const renewal = new CertificateRenewal({
    server: { setSecureContext: ({ cert }) => void shown.push(cert) },
    files,
    first: readServerCertificate(files),
    clock,
    faults,
    log: {
      warn: () => undefined,
      info: (_facts: unknown, words?: string) => void told.emit('info', words ?? ''),
      error: (_facts: unknown, words?: string) => void told.emit('error', words ?? ''),
    },
  });
  renewal.start();
  t.after(() => renewal.stop());
  const afterLook = async (name: 'info' | 'error'): Promise<string> => {
    const heard = once(told, name);
    await clock.advance(5000);
    return (await heard)[0];
  };
  await clock.advance(0);
  rmSync(certFile);
  symlinkSync(certFile, certFile);
  assert.match(await afterLook('error'), /not renewed, the old one goes on: .* cannot be read \(ELOOP\)/);
  const ofFiles = () => faults.all().find(({ about }) => about === 'certificate files');
  assert.match(ofFiles()?.message ?? '', /is not renewed, the old one goes on: .*ELOOP/);
  const moved = join(folder, 'new.crt');
  copyFileSync(next.certFile, moved);
  copyFileSync(next.keyFile, keyFile);
  renameSync(moved, certFile);
  assert.match(await afterLook('info'), /was renewed/);
  assert.deepEqual(shown, [next.cert]);
  assert.equal(ofFiles(), undefined);
  await renewal.stop();
  assert.equal(clock.pendingTimers, 0);
});
