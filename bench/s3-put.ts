/**
 * CPU time and throughput of small PUTs: `node bench/s3-put.ts [--files 5000] [--bytes 4096] [--rclone PROGRAM]
 * [--sdk]`. Files on disk go to the test S3 server in a process of its own; figures are this process's (or rclone's)
 * user and system CPU time for one file. Rates depend on the server and the machine; compare them within one run only.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import { S3Store } from '../src/keep/buckets/s3/store.ts';
import { profileFor } from '../test/support/s3-profile.ts';
import { TEST_CREDENTIAL } from '../test/support/s3-server/server.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '5000' },
    bytes: { type: 'string', default: '4096' },
    concurrency: { type: 'string', default: '32,64,128,256' },
    rclone: { type: 'string' },
    sdk: { type: 'boolean', default: false },
  },
});
const files = Number(values.files);
const bytes = Number(values.bytes);

async function startServer(): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, 's3-server.ts'), 'drop'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [endpoint] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    endpoint,
    stop: async () => {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

function report(label: string, cpuMicroseconds: number, elapsedMs: number): void {
  const perFile = (cpuMicroseconds / files).toFixed(0).padStart(5);
  const rate = ((files / elapsedMs) * 1000).toFixed(0).padStart(6);
  console.log(`${label.padEnd(28)} ${perFile} µs CPU/file ${rate} files/s`);
}

/** Runs `put` for every file, so many at once. */
async function measure(
  label: string,
  concurrency: number,
  put: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < files; index = next++) await put(index);
  };
  const cpu = process.cpuUsage();
  const begin = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  const used = process.cpuUsage(cpu);
  report(`${label}, ${concurrency} at once`, used.user + used.system, performance.now() - begin);
}

async function measureStore(endpoint: string, folder: string): Promise<void> {
  const server = { endpoint, region: 'us-east-1', credential: TEST_CREDENTIAL };
  for (const concurrency of values.concurrency.split(',').map(Number)) {
    const store = new S3Store(profileFor(server), { clock: systemClock, maxConnections: concurrency });
    const put = (index: number) =>
      store.putObject(
        { bucket: 'bench', key: `s/${index}` },
        { path: join(folder, String(index)), size: bytes },
        { contentType: 'text/plain' },
      );
    for (let index = 0; index < 300; index += 1) await put(index);
    await measure('sluice', concurrency, put);
    await store.close();
  }
}

async function measureSdk(endpoint: string, folder: string): Promise<void> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: TEST_CREDENTIAL,
  });
  const put = async (index: number) =>
    client.send(
      new sdk.PutObjectCommand({
        Bucket: 'bench',
        Key: `k/${index}`,
        Body: await readFile(join(folder, String(index))),
        ContentType: 'text/plain',
      }),
    );
  for (let index = 0; index < 300; index += 1) await put(index);
  await measure('AWS SDK', 32, put);
  client.destroy();
}

/** CPU time of a child from the shell's `times`, in the unit of clock ticks that the kernel counts in. */
async function measureRclone(program: string, endpoint: string, folder: string): Promise<void> {
  const remote = `:s3,provider=Other,endpoint='${endpoint}',access_key_id=${TEST_CREDENTIAL.accessKeyId},secret_access_key='${TEST_CREDENTIAL.secretAccessKey}',no_check_bucket=true:bench/r`;
  const args = [
    'copy',
    folder,
    remote,
    '--transfers',
    '32',
    '--checkers',
    '32',
    '--no-traverse',
    '--s3-no-head',
    '--config',
    '/dev/null',
  ];
  const begin = performance.now();
  const shell = spawn('bash', ['-c', '"$0" "$@" && times', program, ...args], {
    // This rclone cannot combine its transport with a CA bundle of its own; the endpoint here is plain HTTP.
    env: { ...process.env, AWS_CA_BUNDLE: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  shell.stdout.on('data', chunk => {
    output += chunk;
  });
  const [code] = (await once(shell, 'close')) as [number];
  const elapsedMs = performance.now() - begin;
  if (code !== 0) throw new Error(`rclone ended with ${code}`);
  const seconds = [...(output.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
    0,
  );
  report('rclone, 32 at once', seconds * 1e6, elapsedMs);
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-put-'));
const server = await startServer();
try {
  for (let index = 0; index < files; index += 1)
    await writeFile(join(folder, String(index)), randomBytes(bytes));
  console.log(`${files} files of ${bytes} bytes, Node ${process.version}`);
  await measureStore(server.endpoint, folder);
  if (values.sdk) await measureSdk(server.endpoint, folder);
  if (values.rclone !== undefined) await measureRclone(values.rclone, server.endpoint, folder);
} finally {
  await server.stop();
  await rm(folder, { recursive: true });
}
