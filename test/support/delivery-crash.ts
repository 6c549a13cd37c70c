import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../src/base/clock.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { openSqliteJournal } from '../../src/keep/store/sqlite/journal/sqlite-journal.ts';
import { filesBelow, until } from './delivery.ts';
import { type S3TestServer, startS3Server } from './s3-server/server.ts';

export interface CrashOptions {
  /** A folder for everything; the caller removes it. */
  readonly base: string;
  /** Times that the process is killed. */
  readonly rounds: number;
  readonly filesPerRound: number;
  readonly seed: number;
}

/** Put into the spool: content by key. */
type Given = Map<string, Buffer>;

/**
 * Kills a delivering process with SIGKILL at random moments while files keep arriving, then lets one run to the end and checks
 * that every file arrived byte for byte, has exactly one record which says so, and lies in `completed` and nowhere else.
 * @returns how many files, and how many attempts it took
 */
export async function crashDelivery(
  options: CrashOptions,
): Promise<{ files: number; attempts: number; puts: number }> {
  const random = seededRandom(options.seed);
  const server = await startS3Server();
  const root = join(options.base, 'station');
  const database = join(options.base, 'sluice.db');
  const given: Given = new Map();
  try {
    for (let round = 0; round < options.rounds; round += 1) {
      give(given, root, join(options.base, 'outside'), `before-${round}`, options.filesPerRound / 2, random);
      const child = await startProcess(root, database, server);
      give(given, root, join(options.base, 'outside'), `during-${round}`, options.filesPerRound / 2, random);
      await new Promise(resolve => setTimeout(resolve, random() * 150));
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const last = await startProcess(root, database, server);
    try {
      await until(
        () => filesBelow(join(root, 'completed')).length === given.size,
        () => left(root, given),
      );
    } finally {
      const ended = once(last, 'exit');
      last.stdin.end();
      await ended;
    }
    return await check(given, root, database, server);
  } finally {
    await server.stop();
  }
}

function left(root: string, given: Given): string {
  const [incoming, processing, failed, completed] = ['incoming', 'processing', 'failed', 'completed'].map(
    area => filesBelow(join(root, area)),
  );
  return `${completed?.length} of ${given.size} completed; incoming ${incoming?.slice(0, 3)}, processing ${processing?.slice(0, 3)}, failed ${failed?.slice(0, 3)}`;
}

function give(
  given: Given,
  root: string,
  outside: string,
  name: string,
  count: number,
  random: Random,
): void {
  mkdirSync(outside, { recursive: true });
  for (let number = 0; number < count; number += 1) {
    const key = `${name}/${Math.floor(random() * 3)}/${number}.bin`;
    const isLarge = number === 0 && random() < 0.5;
    const content = randomBytes(isLarge ? 11 * 2 ** 20 : 1 + Math.floor(random() * 9000));
    const target = join(root, 'incoming/cloud/bucket', key);
    mkdirSync(dirname(target), { recursive: true });
    given.set(key, content);
    if (isLarge || random() < 0.5) {
      const temporary = join(outside, `${name}-${number}`);
      writeFileSync(temporary, content);
      renameSync(temporary, target);
    } else writeFileSync(target, content);
  }
}

async function startProcess(root: string, database: string, server: S3TestServer) {
  const script = join(import.meta.dirname, 'delivery-process.ts');
  const child = spawn(process.execPath, [script, root, database, server.endpoint, server.region], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'exit')])) as [
    unknown,
  ];
  assert.equal(line, 'ready');
  return child;
}

async function check(given: Given, root: string, database: string, server: S3TestServer) {
  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const objects = server.objects('bucket');
  assert.deepEqual([...objects.keys()].sort(), [...given.keys()].sort(), 'every object once, and no other');
  for (const [key, content] of given) {
    assert.equal(digest(await server.read('bucket', key)), digest(content), key);
  }
  for (const area of ['incoming', 'processing', 'failed'])
    assert.deepEqual(filesBelow(join(root, area)), [], area);
  assert.equal(server.uploads('bucket').size, 0, 'no upload in parts is left behind');
  const journal = await openSqliteJournal({ path: database, clock: systemClock });
  try {
    const records = journal.list({ limit: 1_000_000 });
    assert.deepEqual(
      records.map(({ filepath }) => filepath).sort(),
      [...given.keys()].sort(),
      'one record a file',
    );
    for (const record of records) {
      assert.equal(record.state, 'completed', record.filepath);
      assert.equal(record.outcome, 'success', record.filepath);
    }
    const attempts = records.reduce((sum, record) => sum + record.attempts, 0);
    const puts = server.requests.filter(({ operation }) => operation === 'PutObject').length;
    return { files: given.size, attempts, puts };
  } finally {
    await journal.close();
  }
}
