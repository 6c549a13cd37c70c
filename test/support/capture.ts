import { type Clock, systemClock } from '../../src/base/clock.ts';
import { type Logger, silentLogger } from '../../src/base/log.ts';
import { seededRandom } from '../../src/base/random.ts';
import { Collector } from '../../src/gather/capture/collectors/collector.ts';
import { Collectors } from '../../src/gather/capture/collectors/collectors.ts';
import { coarseTickTimer } from '../../src/gather/capture/collectors/tick-timer.ts';
import { CollectorFiles, type FinishedFile } from '../../src/gather/capture/files/collector-files.ts';
import { PendingMemory } from '../../src/gather/capture/files/pending-memory.ts';
import type { ReadingKind } from '../../src/gather/capture/reading.ts';
import type { CapturePlan, CollectorPlan } from '../../src/gather/capture/settings.ts';
import type { PushSource, RawReading, ReadingSource } from '../../src/gather/capture/sources/source.ts';

export function collectorPlan(change: Partial<CollectorPlan> = {}): CollectorPlan {
  return {
    name: 'one',
    source: { method: 'file', path: '/none' },
    everyMs: 100,
    timeoutMs: 1000,
    to: { profile: 'local', bucket: 'outbox', prefix: 'readings' },
    tags: [],
    format: 'auto',
    charset: null,
    extension: null,
    disabled: false,
    ...change,
  };
}

export function capturePlanOf(directory: string, change: Partial<CapturePlan> = {}): CapturePlan {
  return {
    directory,
    database: ':memory:',
    isStoreShared: false,
    station: 'here',
    disabled: false,
    maxFileBytes: 256 * 1024,
    maxAgeMs: 60_000,
    fsyncIntervalMs: 1000,
    broker: {
      url: 'mqtt://127.0.0.1:1',
      username: null,
      password: null,
      clientId: null,
      caFile: null,
      certificateFile: null,
      keyFile: null,
    },
    control: null,
    collectors: [collectorPlan()],
    ...change,
  };
}

/** What a collector says of its readings. */
export function readingKind(change: Partial<ReadingKind> = {}): ReadingKind {
  return { format: 'auto', charset: null, extension: null, ...change };
}

/** A source that answers what a function answers. */
export function sourceOf(read: ReadingSource['read']): ReadingSource {
  return { read, close: async () => undefined };
}

export const raw = (text: string): RawReading => ({ bytes: Buffer.from(text) });

/** A log that remembers its messages. */
export function rememberingLog(): { readonly log: Logger; readonly messages: string[] } {
  const messages: string[] = [];
  const note = (facts: object | string, message?: string): void =>
    void messages.push(message ?? (facts as string));
  const log: Logger = { ...silentLogger, info: note, warn: note, error: note, child: () => log };
  return { log, messages };
}

/** One collector's files, in a folder. */
export function filesOf(
  directory: string,
  maxFileBytes: number,
  clock: Clock = systemClock,
  memory = new PendingMemory(),
) {
  const finished: FinishedFile[] = [];
  const failures: unknown[] = [];
  const limits = { directory, station: 'here', maxFileBytes, maxAgeMs: 60_000 };
  const files = new CollectorFiles(collectorPlan(), limits, {
    clock,
    random: seededRandom(1),
    onFinished: one => finished.push(one),
    onFailure: error => failures.push(error),
    memory,
  });
  return { files, finished, failures };
}

/** One collector whose readings are counted and kept nowhere. */
export function collectorOf(
  clock: Clock,
  source: ReadingSource | PushSource,
  change: Partial<CollectorPlan> = {},
) {
  const taken: { readonly json: string; readonly requestedAtMs: number; readonly receivedAtMs: number }[] =
    [];
  const errors: string[] = [];
  const files = {
    add: (reading: { json: string }, times: { requestedAtMs: number; receivedAtMs: number }) =>
      taken.push({ json: reading.json, ...times }),
  } as unknown as CollectorFiles;
  const collector = new Collector(collectorPlan(change), source, files, {
    clock,
    timer: coarseTickTimer(clock),
    onError: error => errors.push(error.message),
  });
  return { collector, taken, errors };
}

/** Collectors whose sources a function makes. */
export function collectorsOf(
  clock: Clock,
  open: (plan: CollectorPlan) => ReadingSource | PushSource,
  log: Logger = silentLogger,
) {
  const finished: FinishedFile[] = [];
  const collectors = new Collectors({
    clock,
    timer: coarseTickTimer(clock),
    random: seededRandom(1),
    log,
    openSources: async () => ({ open, close: async () => undefined }),
    onFinished: one => finished.push(one),
  });
  return { collectors, finished };
}
