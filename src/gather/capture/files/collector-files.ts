import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { Random } from '../../../base/random.ts';
import type { CapturedFile, CompletionReason } from '../../../keep/local/captures.ts';
import type { Reading, ReadingTimes } from '../reading.ts';
import type { CollectorPlan } from '../settings.ts';
import { binaryChecksum, writeBinary } from './binary-file.ts';
import { LineFile } from './line-file.ts';
import { LineWriter } from './line-writer.ts';
import { addressOfPath, collectorFolder, LINES, SIDECAR, stemOf } from './names.ts';

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
}

/** Readings that wait in memory for a disk that does not take them; beyond that they are refused. */
const MAX_PENDING_BYTES = 16 * 2 ** 20;

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
  /** What is to be completed, with what does it; stays until it has succeeded. */
  readonly #completing = new Map<
    () => Promise<void>,
    { bytes: number; running: Promise<void> | undefined }
  >();

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

  /** Other limits for the lines that come. */
  setLimits(limits: FileLimits): void {
    this.#limits = limits;
  }

  /**
   * Takes a reading in; it is on its way to the disk with the next flush. A file never grows beyond its limit unless by
   * a single reading that is larger. Throws disk_full while too much waits for the disk already.
   */
  add(reading: Reading, times: ReadingTimes): void {
    const size = reading.kind === 'binary' ? reading.bytes.length : reading.json.length;
    if (this.#pendingBytes() + size > MAX_PENDING_BYTES)
      throw new SluiceError('disk_full', 'readings cannot be written; this one is lost');
    if (reading.kind === 'binary') this.#addBinary(reading, times);
    else this.append(this.#lines.line(reading.json, times, reading.topic), times);
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
    const { clock, onFailure } = this.#options;
    if (this.#current && clock.monotonicMs() - this.#currentSinceMs >= this.#limits.maxAgeMs)
      this.#finish('age');
    await Promise.all([this.#current?.flush(sync).catch(onFailure), this.#retry()]);
  }

  /** Completes the file in progress. Resolves when all is finished or has failed again; never rejects. */
  async complete(reason: CompletionReason): Promise<void> {
    this.#finish(reason);
    await this.#retry();
  }

  #finish(reason: CompletionReason): void {
    const current = this.#current;
    if (!current) return;
    this.#current = undefined;
    this.#start(current.size, async () => {
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
    this.#start(bytes.length, async () => {
      await writeBinary(path, bytes, metadata);
      this.#announce(path, [path + SIDECAR], {
        readings: 1,
        bytes: bytes.length,
        reason: 'binary',
        ...times,
      });
    });
  }

  #start(bytes: number, work: () => Promise<void>): void {
    this.#completing.set(work, { bytes, running: undefined });
    void this.#run(work);
  }

  #run(work: () => Promise<void>): Promise<void> {
    const entry = this.#completing.get(work);
    if (!entry) return Promise.resolve();
    entry.running ??= work().then(
      () => void this.#completing.delete(work),
      error => {
        entry.running = undefined;
        this.#options.onFailure(error);
      },
    );
    return entry.running;
  }

  async #retry(): Promise<void> {
    await Promise.all([...this.#completing.keys()].map(work => this.#run(work)));
  }

  #pendingBytes(): number {
    let bytes = this.#current?.pendingBytes ?? 0;
    for (const entry of this.#completing.values()) bytes += entry.bytes;
    return bytes;
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
