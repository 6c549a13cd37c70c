import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import { seededRandom } from '../../src/base/random.ts';
import { recover } from '../../src/gather/capture/files/recover.ts';
import { HandOver } from '../../src/gather/capture/hand-over.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';
import { killAtExit } from './left-behind.ts';

const PROCESS = resolve(import.meta.dirname, 'capture-process.ts');

/** What so many kills left: every flushed reading is there once, rows count right. */
export interface CrashOutcome {
  readonly readings: number;
  readonly binaries: number;
  readonly files: number;
  readonly tornCut: number;
}

/**
 * Captures, kills the process with SIGKILL at a random moment, recovers and hands over; again and again on one folder.
 * Throws at the first flushed reading that is lost or there twice, at a torn line, at a row that counts wrong.
 */
export async function crashCapture(options: {
  readonly base: string;
  readonly rounds: number;
  readonly seed: number;
  readonly longestMs?: number;
}): Promise<CrashOutcome> {
  const { base, rounds, seed, longestMs = 300 } = options;
  const random = seededRandom(seed);
  const [from, to] = [join(base, 'capture'), join(base, 'incoming')];
  mkdirSync(to, { recursive: true });
  const journal = await openLocal(join(base, 'sluice.db'), { clock: systemClock }).openCaptures();
  const seen = new Set<number>();
  let [next, tornCut, binaries] = [0, 0, 0];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const first = next;
      const flushed = await captureAndKill(from, first, random() * longestMs);
      const { finished, torn } = await recover(from, systemClock.nowMs());
      tornCut += torn;
      const handOver = new HandOver(from, to, { journal, clock: systemClock, log: silentLogger });
      for (const one of finished) handOver.add(one);
      // As after a crash in the hand-over: they come again.
      for (const one of finished.slice(0, 2)) handOver.add(one);
      await handOver.close();
      for (const { path, file } of finished) {
        const content = readFileSync(join(to, path));
        assert.equal(content.length, file?.bytes);
        if (path.endsWith('.bin')) {
          binaries += 1;
          assert.equal(content.length, 5000);
          assert.equal(JSON.parse(readFileSync(join(to, `${path}.json`), 'utf8')).bytes, 5000);
          continue;
        }
        const lines = content.toString('utf8').split('\n');
        assert.equal(lines.pop(), '');
        assert.equal(lines.length, file?.readings);
        for (const line of lines) {
          const { reading } = JSON.parse(line) as { reading: number };
          assert.ok(!seen.has(reading), `reading ${reading} is there twice`);
          seen.add(reading);
          next = Math.max(next, reading + 1);
        }
      }
      for (let one = first; one <= flushed; one += 1)
        assert.ok(seen.has(one), `flushed reading ${one} is lost`);
      next = Math.max(next, flushed + 1);
    }
    const { files, readings } = journal.totals()[0] ?? { files: 0, readings: 0 };
    assert.equal(readings, seen.size + binaries, 'rows count what is in the files');
    rmSync(to, { recursive: true, force: true });
    return { readings: seen.size, binaries, files, tornCut };
  } finally {
    await journal.close();
  }
}

/** @returns the last reading that the process said was flushed; the one before `first` where it said nothing */
async function captureAndKill(directory: string, first: number, afterMs: number): Promise<number> {
  const child = spawn(process.execPath, [PROCESS, directory, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  killAtExit(child);
  let printed = '';
  const begun = Promise.withResolvers<void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    begun.resolve();
  });
  const ended = once(child, 'close');
  await Promise.race([begun.promise, ended]);
  await systemClock.sleep(afterMs);
  child.kill('SIGKILL');
  const [, signal] = (await ended) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL', 'it captured until it was killed');
  const whole = printed.slice(0, printed.lastIndexOf('\n')).split('\n').at(-1);
  return whole === undefined || whole === '' ? first - 1 : Number(whole);
}
