import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { asSluiceError, type ErrorCode, SluiceError } from '../../../base/errors.ts';
import type { Random } from '../../../base/random.ts';
import type { CapturedFile, CompletionReason } from '../../../keep/local/captures.ts';
import type { Reading, ReadingTimes } from '../reading.ts';
import type { CollectorPlan } from '../settings.ts';
import { MAX_READING_BYTES } from '../sources/source.ts';
import { binaryChecksum, writeBinary } from './binary-file.ts';
import { LineFile } from './line-file.ts';
import { LineWriter } from './line-writer.ts';
import { addressOfPath, collectorFolder, LINES, SIDECAR, stemOf } from './names.ts';
import type { PendingMemory } from './pending-memory.ts';

/** A finished file that is to go into delivery. Paths are below the capture folder. */
export interface FinishedFile {
  readonly path: string;
  /** Files that go with it, before it. */
  readonly companions: readonly string[];
  /** Undefined where its row was entered before a crash and its facts are gone. */
  readonly file: CapturedFile | undefined;
}

export interface FileLimits {
  /** Of the capture folder. */
  readonly directory: string;
  readonly station: string;
  readonly maxFileBytes: number;
  readonly maxAgeMs: number;
}

export interface CollectorFilesOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** A file that is complete; called once for each. */
  readonly onFinished: (finished: FinishedFile) => void;
  /** Called for each write that failed; it is tried again with the next flush. */
  readonly onFailure: (error: unknown) => void;
  /** Shared by all collectors: beyond it readings are refused. */
  readonly memory: PendingMemory;
}

/** Why readings could not be written. */
export interface WriteError {
  readonly code: ErrorCode;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** A file or binary reading that is being completed. */
interface Completing {
  readonly memoryBytes: number;
  /** Its readings that are in memory alone. */
  readonly readings: () => number;
  readonly abandon: () => Promise<void>;
  /** The disk did not take it, or was not asked to since it took nothing. */
  isRefused: boolean;
  running: Promise<boolean> | undefined;
}

/** What a collector may hold for a disk that is merely slow: a reading of any size, and one that is being written. */
const MAX_HEALTHY_BYTES = 2 * MAX_READING_BYTES;

/**
 * The files of one collector: at most one in progress, and those that are being completed.
 *
 *   none ──reading──▶ in progress ──size, age, sync, stop──▶ completing ──on the disk──▶ finished
 *                                                              ▲      │ failed
 *                                                              └──────┘ next flush
 */
export class CollectorFiles {
  readonly #plan: CollectorPlan;
  readonly #options: CollectorFilesOptions;
  readonly #lines: LineWriter;
  #limits: FileLimits;
  #current: LineFile | undefined;
  #currentSinceMs = 0;
  /** What does it, and what is to be completed by it, oldest first; stays until it has succeeded. */
  readonly #completing = new Map<() => Promise<void>, Completing>();
  #completingBytes = 0;
  /** The disk did not take the last write. */
  #isRefused = false;
  /** That was for want of room, so that it takes no other file either. */
  #isFull = false;
  #isCurrentRefused = false;
  #writeError: WriteError | null = null;
  #lost = 0;

  constructor(plan: CollectorPlan, limits: FileLimits, options: CollectorFilesOptions) {
    this.#plan = plan;
    this.#limits = limits;
    this.#options = options;
    this.#lines = new LineWriter(plan, limits.station);
  }

  /** What is in progress now. */
  get progress(): { readonly readings: number; readonly bytes: number } {
    return { readings: this.#current?.readings ?? 0, bytes: this.#current?.size ?? 0 };
  }

  /** Readings that are in memory alone: until the next flush, or until the disk takes them. */
  get pending(): number {
    let readings = this.#current?.pendingReadings ?? 0;
    for (const entry of this.#completing.values()) readings += entry.readings();
    return readings;
  }

  /** Readings that the disk refused and that are in memory alone: they are written once it takes them. */
  get unwritten(): number {
    let readings = this.#isCurrentRefused ? (this.#current?.pendingReadings ?? 0) : 0;
    for (const entry of this.#completing.values()) if (entry.isRefused) readings += entry.readings();
    return readings;
  }

  /** Why the disk did not take the last write; null once it has taken one. Milliseconds since the epoch. */
  get writeError(): WriteError | null {
    return this.#writeError;
  }

  /** Readings that were given up, since the disk did not take them. */
  get lost(): number {
    return this.#lost;
  }

  /** Other limits for the lines that come. */
  setLimits(limits: FileLimits): void {
    this.#limits = limits;
  }

  /**
   * Takes a reading in; it is on its way to the disk with the next flush. A file never grows beyond its limit unless by
   * a single reading that is larger. Throws disk_full while too much waits for the disk already: it is lost then.
   */
  add(reading: Reading, times: ReadingTimes): void {
    const size = reading.kind === 'binary' ? reading.bytes.length : reading.json.length;
    const pendingBytes = (this.#current?.pendingBytes ?? 0) + this.#completingBytes;
    const hasRoom = this.#isRefused
      ? this.#options.memory.hasRoomFor(size)
      : pendingBytes === 0 || pendingBytes + size <= MAX_HEALTHY_BYTES;
    if (!hasRoom) {
      this.#lost += 1;
      throw this.#isRefused
        ? new SluiceError('disk_full', 'readings cannot be written, and too many wait; this one is lost')
        : new SluiceError(
            'disk_failed',
            'the disk is too slow for what is read, and too much waits; this reading is lost',
          );
    }
    if (reading.kind === 'binary') this.#addBinary(reading, times);
    else this.append(this.#lines.line(reading.json, times, reading.topic), times);
    this.#noteMemory();
  }

  /** Adds a line to the file in progress, as `add` does. */
  append(line: string, times: ReadingTimes): void {
    const bytes = Buffer.byteLength(line);
    const { maxFileBytes } = this.#limits;
    if (this.#current && this.#current.size + bytes > maxFileBytes) this.#finish('size');
    if (!this.#current) {
      this.#current = new LineFile(this.#newPath(LINES, times.requestedAtMs));
      this.#currentSinceMs = this.#options.clock.monotonicMs();
    }
    this.#current.append(line, bytes, times);
    if (this.#current.size >= maxFileBytes) this.#finish('size');
  }

  /** Writes what is in memory, completes what is old enough, and tries again what failed. Never rejects. */
  async flush(sync: boolean): Promise<void> {
    const { clock } = this.#options;
    if (this.#current && clock.monotonicMs() - this.#currentSinceMs >= this.#limits.maxAgeMs)
      this.#finish('age');
    await Promise.all([this.#retry(), this.#flushCurrent(sync)]);
    this.#noteMemory();
  }

  async #flushCurrent(sync: boolean): Promise<void> {
    const current = this.#current;
    if (!current) return;
    const isWritten = await this.#written(() => current.flush(sync));
    if (current === this.#current) this.#isCurrentRefused = !isWritten;
  }

  /** Completes the file in progress. Resolves when all is finished or has failed again; never rejects. */
  async complete(reason: CompletionReason): Promise<void> {
    this.#finish(reason);
    await this.#retry();
    this.#noteMemory();
  }

  /** Gives up what the disk does not take, after `complete`. @returns how many readings are lost by it */
  async giveUp(): Promise<number> {
    const left = [...this.#completing.values()];
    const readings = left.reduce((sum, entry) => sum + entry.readings(), 0);
    this.#lost += readings;
    this.#completing.clear();
    this.#completingBytes = 0;
    this.#options.memory.set(this, 0);
    await Promise.all(left.map(entry => entry.abandon()));
    return readings;
  }

  #finish(reason: CompletionReason): void {
    const current = this.#current;
    if (!current) return;
    this.#current = undefined;
    this.#isCurrentRefused = false;
    const entry = {
      memoryBytes: current.memoryBytes,
      readings: () => current.pendingReadings,
      abandon: () => current.abandon(),
    };
    this.#start(entry, async () => {
      const { readings, bytes, firstAtMs, lastAtMs } = await current.complete();
      this.#announce(current.path, [], {
        readings,
        bytes,
        reason,
        requestedAtMs: firstAtMs,
        receivedAtMs: lastAtMs,
      });
    });
  }

  #addBinary(reading: Extract<Reading, { kind: 'binary' }>, times: ReadingTimes): void {
    const { bytes, extension, topic } = reading;
    const path = this.#newPath(`.${extension}`, times.requestedAtMs);
    const file = path.slice(path.lastIndexOf('/') + 1);
    const crc32 = binaryChecksum(bytes);
    const metadata = this.#lines.metadata(times, { file, bytes: bytes.length, crc32, topic });
    const entry = { memoryBytes: bytes.length, readings: () => 1, abandon: async () => undefined };
    this.#start(entry, async () => {
      await writeBinary(path, bytes, metadata);
      this.#announce(path, [path + SIDECAR], {
        readings: 1,
        bytes: bytes.length,
        reason: 'binary',
        ...times,
      });
    });
  }

  /** Begins at once, unless the disk takes nothing: then in its turn, with the next flush. */
  #start(entry: Pick<Completing, 'memoryBytes' | 'readings' | 'abandon'>, work: () => Promise<void>): void {
    this.#completing.set(work, { ...entry, isRefused: this.#isRefused, running: undefined });
    this.#completingBytes += entry.memoryBytes;
    if (!this.#isRefused) void this.#run(work);
  }

  /** @returns whether it succeeded */
  #run(work: () => Promise<void>): Promise<boolean> {
    const entry = this.#completing.get(work);
    if (!entry) return Promise.resolve(true);
    entry.running ??= this.#written(work).then(isWritten => {
      entry.isRefused = !isWritten;
      if (!isWritten) entry.running = undefined;
      else if (this.#completing.delete(work)) this.#completingBytes -= entry.memoryBytes;
      return isWritten;
    });
    return entry.running;
  }

  /** Completes what waits, oldest first. A disk without room for one has none for the others. */
  async #retry(): Promise<void> {
    for (const work of [...this.#completing.keys()]) if (!(await this.#run(work)) && this.#isFull) return;
  }

  /** Writes, and notes whether the disk took it. Never rejects. */
  async #written(write: () => Promise<void>): Promise<boolean> {
    try {
      await write();
      this.#isRefused = false;
      this.#isFull = false;
      this.#writeError = null;
      return true;
    } catch (error) {
      const { code, message } = asSluiceError(error);
      this.#isRefused = true;
      this.#isFull = code === 'disk_full';
      this.#writeError = { code, message, atMs: this.#options.clock.nowMs() };
      this.#options.onFailure(error);
      return false;
    }
  }

  /** What waits for the disk counts against what all collectors may hold together. */
  #noteMemory(): void {
    const bytes = (this.#current?.memoryBytes ?? 0) + this.#completingBytes;
    this.#options.memory.set(this, this.#isRefused ? bytes : 0);
  }

  #newPath(extension: string, nowMs: number): string {
    const { directory } = this.#limits;
    return join(directory, collectorFolder(this.#plan), stemOf(nowMs, this.#options.random) + extension);
  }

  #announce(
    path: string,
    companions: readonly string[],
    about: ReadingTimes & {
      readonly readings: number;
      readonly bytes: number;
      readonly reason: CompletionReason;
    },
  ): void {
    const plan = this.#plan;
    const { clock, onFinished } = this.#options;
    const below = (absolute: string): string => absolute.slice(this.#limits.directory.length + 1);
    const address = addressOfPath(below(path));
    if (!address) throw new SluiceError('internal', `${path} is no capture file`);
    const { readings, bytes, reason } = about;
    onFinished({
      path: below(path),
      companions: companions.map(below),
      file: {
        ...address,
        readings,
        bytes,
        reason,
        collector: plan.name,
        method: plan.source.method,
        firstAt: new Date(about.requestedAtMs).toISOString(),
        lastAt: new Date(about.receivedAtMs).toISOString(),
        intervalMs: plan.everyMs,
        tags: plan.tags,
        station: this.#limits.station,
        completedAtMs: clock.nowMs(),
      },
    });
  }
}
