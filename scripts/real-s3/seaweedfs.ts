import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CACHE_FOLDER,
  freePort,
  isExecutable,
  onPath,
  type Program,
  type RealServerKind,
  run,
  startProgram,
  untilAnswers,
} from './server.ts';

const MODULE = 'github.com/seaweedfs/seaweedfs@v0.0.0-20261109003541-7506e5f91cd6';
const KEYS = { accessKey: 'SLUICEREALTEST', secretKey: 'sluice-real-test-secret' };
/** Master, volumes and filer come up one after the other. */
const START_BUDGET_MS = 60_000;

/** SeaweedFS with master, volume server, filer and gateway in one process. */
export const seaweedfs: RealServerKind = {
  name: 'seaweedfs',
  async obtain(budgetMs) {
    const cached = join(CACHE_FOLDER, 'weed');
    const found = (await onPath('weed')) ?? ((await isExecutable(cached)) ? cached : undefined);
    if (found !== undefined) return { path: found };
    if ((await onPath('go')) === undefined)
      return { why: 'not on the PATH, and there is no Go to build it with' };
    try {
      await build(cached, budgetMs);
      return { path: cached };
    } catch (error) {
      const { killed, stderr } = error as { killed?: boolean; stderr?: string };
      const words = killed
        ? `it took longer than ${budgetMs / 1000} s`
        : (stderr ?? String(error)).trim().split('\n').at(-1);
      return { why: `go build failed: ${words}` };
    }
  },

  async start(path, folder) {
    const data = join(folder, 'data');
    const config = join(folder, 's3.json');
    await mkdir(data);
    const actions = ['Admin', 'Read', 'List', 'Tagging', 'Write'];
    const identities = [{ name: 'test', credentials: [KEYS], actions }];
    await writeFile(config, JSON.stringify({ identities }));
    const ports: number[] = [];
    while (ports.length < 8) {
      const port = await freePort();
      if (!ports.includes(port)) ports.push(port);
    }
    const [master, masterGrpc, volume, volumeGrpc, filer, filerGrpc, s3 = 0, s3Grpc] = ports;
    const program = startProgram(path, [
      ...['server', `-dir=${data}`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1', '-master.telemetry=false'],
      ...[`-master.port=${master}`, `-master.port.grpc=${masterGrpc}`, '-master.volumeSizeLimitMB=256'],
      ...[`-volume.port=${volume}`, `-volume.port.grpc=${volumeGrpc}`, '-volume.max=50'],
      ...[`-filer.port=${filer}`, `-filer.port.grpc=${filerGrpc}`, '-s3', '-iam=false'],
      ...[`-s3.port=${s3}`, `-s3.port.grpc=${s3Grpc}`, `-s3.config=${config}`],
      // By default it makes a bucket that is not there, and takes a backslash for a slash.
      ...['-s3.autoCreateBucket=false', '-s3.allowBackslashInKey'],
    ]);
    const endpoint = `http://127.0.0.1:${s3}`;
    try {
      await untilAnswers(endpoint, program, START_BUDGET_MS);
      await untilWritable(`http://127.0.0.1:${master}/dir/assign`, program);
    } catch (error) {
      await program.stop();
      throw error;
    }
    const { stdout } = await run(path, ['version']);
    return {
      name: `seaweedfs ${/version \S+ (\S+)/.exec(stdout)?.[1] ?? '(unknown version)'}`,
      endpoint,
      region: 'us-east-1',
      accessKeyId: KEYS.accessKey,
      secretAccessKey: KEYS.secretKey,
      nestsKeys: false,
      maxSegmentBytes: 255,
      keepsChecksums: true,
      listsReplacedParts: true,
      stop: () => program.stop(),
    };
  },
};

/** The volume server reports to the master every few seconds; until then nothing can be stored. */
async function untilWritable(assign: string, { child }: Program): Promise<void> {
  const deadline = performance.now() + START_BUDGET_MS;
  while (child.exitCode === null && performance.now() < deadline) {
    const answer = await fetch(assign).then(
      response => response.json(),
      () => undefined,
    );
    if ((answer as { readonly fid?: string } | undefined)?.fid !== undefined) return;
    await new Promise(wake => setTimeout(wake, 100));
  }
  throw new Error('the server has no room to write to');
}

/** Its module replaces others, which `go install` refuses: it is built in a copy of its own folder. */
async function build(to: string, budgetMs: number): Promise<void> {
  console.error(`real-s3: go build ${MODULE} (once; ten minutes on two cores)`);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-weed-'));
  const options = { timeout: budgetMs, maxBuffer: 2 ** 26, env: { ...process.env, GOFLAGS: '-mod=mod' } };
  try {
    const { stdout } = await run('go', ['mod', 'download', '-json', MODULE], options);
    const { Dir } = JSON.parse(stdout) as { readonly Dir: string };
    await cp(Dir, folder, { recursive: true });
    await run('chmod', ['-R', 'u+w', folder]);
    await mkdir(CACHE_FOLDER, { recursive: true });
    await run('go', ['build', '-o', to, './weed'], { ...options, cwd: folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
