import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../../src/base/random.ts';
import { CrashFiles, type Given } from './crash-files.ts';
import { filesBelow } from './delivery.ts';
import { diskStorage } from './s3-server/contents.ts';
import { type S3TestServer, startS3Server } from './s3-server/server.ts';
import { rows } from './sluice.ts';

export interface CrashOptions {
  /** A folder for everything; the caller removes it. */
  readonly base: string;
  /** Times that the process is killed. */
  readonly rounds: number;
  /** Files altogether. */
  readonly files: number;
  readonly largestBytes: number;
  readonly seed: number;
}

export interface CrashOutcome {
  readonly files: number;
  readonly bytes: number;
  /** Of the kills, those that came before the station was up. */
  readonly killedStarting: number;
  readonly attempts: number;
  readonly puts: number;
  readonly uploadsInParts: number;
}

/** No file more in `completed` for so long: something is stuck. */
const PATIENCE_MS = 60_000;

/**
 * Kills a delivering process with SIGKILL at random moments, while it starts too, and files of mixed sizes keep
 * arriving. After each kill, what the bucket shows is whole and what the journal calls completed is there. In the end
 * one process runs undisturbed, and every file has arrived byte for byte, has exactly one record which says so, and
 * lies in `completed` and nowhere else; no upload in parts is left, neither at the server nor in the journal.
 */
export async function crashDelivery(options: CrashOptions): Promise<CrashOutcome> {
  const { base, rounds, seed, largestBytes } = options;
  const random = seededRandom(seed);
  const server = await startS3Server({ storage: diskStorage(join(base, 'objects')) });
  const root = join(base, 'station');
  const database = join(base, 'sluice.db');
  const target = join(root, 'incoming/cloud/bucket');
  const files = new CrashFiles({ target, outside: join(base, 'outside'), largestBytes, random });
  let killedStarting = 0;
  try {
    for (let round = 0; round < rounds; round += 1) {
      const upTo = Math.floor((options.files * (round + 1)) / rounds) - files.given.size;
      const before = Math.floor(upTo / 2);
      files.give(`before-${round}`, before);
      const child = startProcess(root, database, server);
      const isStarting = random() < 0.2;
      if (isStarting) {
        killedStarting += 1;
        await pause(300 + random() * 500);
      } else await child.ready;
      files.give(`during-${round}`, upTo - before);
      if (!isStarting) await pause(random() * 300);
      await child.kill();
      checkSoFar(files.given, server, database);
    }
    await files.settle();
    const last = startProcess(root, database, server);
    try {
      await last.ready;
      await allCompleted(root, files.given.size);
    } finally {
      await last.stop();
    }
    const counts = await check(files.given, root, database, server);
    return { ...counts, files: files.given.size, bytes: files.bytes, killedStarting };
  } finally {
    await files.settle();
    await server.stop();
  }
}

function startProcess(root: string, database: string, server: S3TestServer) {
  const script = join(import.meta.dirname, 'delivery-process.ts');
  const child = spawn(process.execPath, [script, root, database, server.endpoint, server.region], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'exit');
  const line = once(createInterface(child.stdout), 'line').then(([said]) => assert.equal(said, 'ready'));
  const failed = ended.then(([code]) => assert.fail(`it ended with ${code} while starting`));
  const ready = Promise.race([line, failed]);
  ready.catch(() => undefined);
  return {
    /** Resolves once it is up. */
    ready,
    async kill(): Promise<void> {
      // One that died by itself would make the kill a lie.
      assert.equal(child.exitCode, null, 'it ended by itself');
      child.kill('SIGKILL');
      await ended;
    },
    async stop(): Promise<void> {
      child.stdin.end();
      await ended;
    },
  };
}

/** What holds at every moment: nothing half is visible, and nothing is called delivered that is not. */
function checkSoFar(given: ReadonlyMap<string, Given>, server: S3TestServer, database: string): void {
  const objects = server.objects('bucket');
  for (const [key, { content }] of objects)
    assert.equal(content.size, given.get(key)?.size, `${key} is whole in the bucket`);
  if (!existsSync(database)) return;
  const schema = rows(database, "SELECT name FROM sqlite_schema WHERE name = 'file_records'");
  if (schema.length === 0) return;
  for (const { filepath } of rows(
    database,
    "SELECT filepath FROM file_records WHERE current_state = 'completed'",
  ))
    assert.ok(objects.has(String(filepath)), `${filepath} is on record as completed and in the bucket`);
  assert.deepEqual(rows(database, "SELECT * FROM file_records WHERE current_state = 'failed'"), []);
}

async function allCompleted(root: string, files: number): Promise<void> {
  let completed = -1;
  for (let newsMs = performance.now(); completed < files; ) {
    const found = filesBelow(join(root, 'completed')).length;
    if (found > completed) newsMs = performance.now();
    completed = found;
    if (performance.now() - newsMs > PATIENCE_MS) assert.fail(`stuck: ${left(root, completed, files)}`);
    await pause(50);
  }
}

function left(root: string, completed: number, files: number): string {
  const areas = ['incoming', 'processing', 'failed'].map(area => {
    const there = filesBelow(join(root, area));
    return `${area} ${there.length} (${there.slice(0, 3).join(', ')})`;
  });
  return `${completed} of ${files} completed; ${areas.join('; ')}`;
}

async function check(
  given: ReadonlyMap<string, Given>,
  root: string,
  database: string,
  server: S3TestServer,
): Promise<Pick<CrashOutcome, 'attempts' | 'puts' | 'uploadsInParts'>> {
  const objects = server.objects('bucket');
  const keys = [...given.keys()].sort();
  assert.deepEqual([...objects.keys()].sort(), keys, 'every object once, and no other');
  for (const [key, { content }] of objects) {
    const digest = createHash('sha256');
    for await (const chunk of content.read(0, content.size - 1)) digest.update(chunk);
    assert.equal(digest.digest('hex'), given.get(key)?.sha256, key);
  }
  for (const area of ['incoming_tmp', 'incoming', 'processing', 'failed'])
    assert.deepEqual(filesBelow(join(root, area)), [], area);
  assert.deepEqual(filesBelow(join(root, 'completed/cloud/bucket')), keys, 'each under its own name');
  assert.equal(server.uploads('bucket').size, 0, 'no upload in parts is left at the server');
  assert.deepEqual(rows(database, 'SELECT * FROM uploads'), [], 'nor in the journal');
  const records = rows(database, 'SELECT * FROM file_records ORDER BY filepath');
  assert.deepEqual(records.map(({ filepath }) => String(filepath)).sort(), keys, 'one record a file');
  for (const { filepath, current_state, upload_outcome } of records)
    assert.deepEqual([current_state, upload_outcome], ['completed', 'success'], `${filepath}`);
  const count = (operation: string): number =>
    server.requests.filter(request => request.operation === operation).length;
  return {
    attempts: records.reduce((sum, record) => sum + Number(record.attempts), 0),
    puts: count('PutObject'),
    uploadsInParts: count('CreateMultipartUpload'),
  };
}
