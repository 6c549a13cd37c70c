import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, obtainWithGo, type RealServerKind, run, startProgram, untilAnswers } from './server.ts';

/** MinIO with one drive, by TLS: without it, it takes no keys of its clients' own (SSE-C). */
export const minio: RealServerKind = {
  name: 'minio',
  obtain: budgetMs =>
    obtainWithGo('minio', 'github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c', budgetMs),
  async start(path, folder) {
    const port = await freePort();
    const endpoint = `https://127.0.0.1:${port}`;
    const certificates = join(folder, 'certs');
    mkdirSync(certificates, { recursive: true });
    const caFile = join(certificates, 'public.crt');
    // biome-ignore format: as on a command line
    await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-keyout', join(certificates, 'private.key'), '-out', caFile, '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']);
    const keys = { MINIO_ROOT_USER: 'SLUICEREALTEST', MINIO_ROOT_PASSWORD: 'sluice-real-test-secret' };
    const address = `127.0.0.1:${port}`;
    const args = [
      'server',
      '--quiet',
      '--certs-dir',
      certificates,
      '--address',
      address,
      join(folder, 'data'),
    ];
    const program = startProgram(path, args, { ...keys, MINIO_BROWSER: 'off', MINIO_UPDATE: 'off' });
    try {
      await untilAnswers(endpoint, program, 30_000);
    } catch (error) {
      await program.stop();
      throw error;
    }
    const { stdout } = await run(path, ['--version']);
    return {
      name: `minio ${stdout.split('\n')[0]?.replace(/^minio version /, '') ?? ''}`,
      endpoint,
      region: 'us-east-1',
      accessKeyId: keys.MINIO_ROOT_USER,
      secretAccessKey: keys.MINIO_ROOT_PASSWORD,
      nestsKeys: false,
      maxSegmentBytes: 255,
      keepsChecksums: true,
      listsUploadsByKey: true,
      takesCustomerKeys: true,
      caFile,
      stop: () => program.stop(),
    };
  },
};
