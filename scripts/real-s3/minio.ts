import { join } from 'node:path';
import { freePort, obtainWithGo, type RealServerKind, run, startProgram, untilAnswers } from './server.ts';

/** MinIO with one drive. */
export const minio: RealServerKind = {
  name: 'minio',
  obtain: budgetMs =>
    obtainWithGo('minio', 'github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c', budgetMs),
  async start(path, folder) {
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    const keys = { MINIO_ROOT_USER: 'SLUICEREALTEST', MINIO_ROOT_PASSWORD: 'sluice-real-test-secret' };
    const args = ['server', '--quiet', '--address', `127.0.0.1:${port}`, join(folder, 'data')];
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
      stop: () => program.stop(),
    };
  },
};
