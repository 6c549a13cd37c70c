import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, obtainWithGo, type RealServerKind, run, startProgram, untilAnswers } from './server.ts';

const MODULE = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';

/**
 * Versity S3 Gateway over a folder: keys become paths, so a key cannot be both an object and the beginning of another.
 */
export const versitygw: RealServerKind = {
  name: 'versitygw',
  obtain: budgetMs => obtainWithGo('versitygw', MODULE, budgetMs),
  async start(path, folder, options = []) {
    const data = join(folder, 'data');
    await mkdir(data);
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    const keys = { ROOT_ACCESS_KEY: 'SLUICEREALTEST', ROOT_SECRET_KEY: 'sluice-real-test-secret' };
    const args = ['--quiet', '--port', `127.0.0.1:${port}`, ...options, 'posix', data];
    const program = startProgram(path, args, keys);
    try {
      await untilAnswers(endpoint, program, 20_000);
    } catch (error) {
      await program.stop();
      throw error;
    }
    return {
      name: `versitygw ${await versionOf(path)}`,
      ...(program.child.pid === undefined ? {} : { pid: program.child.pid }),
      endpoint,
      region: 'us-east-1',
      accessKeyId: keys.ROOT_ACCESS_KEY,
      secretAccessKey: keys.ROOT_SECRET_KEY,
      nestsKeys: false,
      maxSegmentBytes: 255,
      keepsChecksums: true,
      stop: () => program.stop(),
    };
  },
};

/** Its own --version knows nothing when it was built by `go install`; the module data in the binary does. */
async function versionOf(path: string): Promise<string> {
  const { stdout } = await run('go', ['version', '-m', path]).catch(() => run(path, ['--version']));
  return (
    /^\s*mod\s+\S+\s+(v\S+)/m.exec(stdout)?.[1] ??
    /Version\s*:\s*(\S+)/.exec(stdout)?.[1] ??
    '(unknown version)'
  );
}
