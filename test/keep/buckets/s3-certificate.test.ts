import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { SluiceError } from '../../../src/base/errors.ts';
import { type SeenCertificate, wordsOfCertificate } from '../../../src/keep/buckets/s3/certificate.ts';
import { storeFor } from '../../support/s3-profile.ts';
import { tempDirectory } from '../../support/temp-directory.ts';
import { makeCertificates } from '../../support/world/places.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const DAY_MS = 86_400_000;
const OWN: SeenCertificate = {
  subject: 's3.example',
  issuer: 'Little CA 1',
  names: ['s3.example', '*.s3.example'],
  validFromMs: NOW - 90 * DAY_MS,
  validToMs: NOW + 9 * DAY_MS,
  fingerprint: 'AB:CD',
};
const AUTHORITY: SeenCertificate = { ...OWN, subject: 'Little CA 1', issuer: 'Root CA', names: [] };

const KINDS: readonly (readonly [string, SeenCertificate, SeenCertificate, RegExp, RegExp])[] = [
  [
    'CERT_HAS_EXPIRED',
    { ...OWN, validToMs: NOW - 2.5 * DAY_MS },
    AUTHORITY,
    /^for s3\.example, \*\.s3\.example, issued by Little CA 1 ended on 2026-11-28 00:00 UTC, 2 days ago; this machine's clock says 2026-11-30 12:00 UTC$/,
    /renewed/,
  ],
  [
    'CERT_HAS_EXPIRED',
    OWN,
    { ...AUTHORITY, validToMs: NOW - DAY_MS },
    /^the certificate of its authority Little CA 1, issued by Root CA, ended on 2026-11-29 12:00 UTC, 1 day ago/,
    /renewed/,
  ],
  [
    'CERT_NOT_YET_VALID',
    { ...OWN, validFromMs: NOW + DAY_MS },
    AUTHORITY,
    /is valid from 2026-12-01 12:00 UTC on; this machine's clock says/,
    /NTP/,
  ],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    OWN,
    AUTHORITY,
    /^not for other\.example; issued by Little CA 1$/,
    /\(s3\.example, \*\.s3\.example\).* one for other\.example/,
  ],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    { ...OWN, issuer: 's3.example' },
    OWN,
    /valid until 2026-12-09 12:00 UTC, SHA-256 AB:CD$/,
    /put this certificate \(PEM\) into a file and name it in the profile \(ca_bundle = FILE\)/,
  ],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    OWN,
    AUTHORITY,
    /the authority that is not known here is Root CA$/,
    /the certificate of Root CA \(PEM\)/,
  ],
  ['SELF_SIGNED_CERT_IN_CHAIN', OWN, AUTHORITY, /Root CA$/, /ca_bundle/],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', OWN, AUTHORITY, /Root CA$/, /ca_bundle/],
];

for (const [code, own, authority, words, hint] of KINDS) {
  test(`${code}: dates, names and issuer are said, and what to do: ${words.source.slice(0, 40)} (T-320)`, () => {
    const said = wordsOfCertificate(code, [own, authority], 'other.example', NOW);
    assert.match(said?.words ?? '', words);
    assert.match(said?.hint ?? '', hint);
  });
}

test('of a certificate that nobody has seen nothing is made up (T-320)', () => {
  assert.equal(wordsOfCertificate('CERT_HAS_EXPIRED', [], 'h', NOW), undefined);
});

test('a certificate that is not trusted is looked at once for many requests, small and large, and named (T-320)', async t => {
  const { portal } = makeCertificates(join(await tempDirectory(t), 'certificates'));
  const server = createServer(portal, socket => socket.destroy());
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const credential = { accessKeyId: 'A', secretAccessKey: 'S' };
  const store = storeFor({ endpoint: `https://127.0.0.1:${port}`, region: 'us-east-1', credential });
  t.after(async () => {
    await store.close();
    server.close();
  });
  const at = { bucket: 'bucket', key: 'key' };
  const calls = [
    () => store.putObject(at, { body: Buffer.alloc(10) }),
    () => store.putObject(at, { body: Buffer.alloc(3 * 2 ** 20) }),
    () => store.listBuckets(),
    () => store.createUpload(at),
  ];
  for (const call of calls)
    await assert.rejects(call, error => {
      assert.ok(error instanceof SluiceError);
      assert.deepEqual([error.code, error.holds], ['tls_failed', 'endpoint']);
      assert.match(
        error.message,
        /signed by itself and not trusted: for portal\.example, 127\.0\.0\.1, issued by portal\.example, valid until 20\d\d-.* UTC, SHA-256 [0-9A-F:]{95}$/,
      );
      assert.match(error.hint, /ca_bundle/);
      return true;
    });
  assert.equal(connections, calls.length + 1);
});
