import { z } from 'zod';
import { isoOrNull, isoTime } from '../base/units.ts';
import type { CollectorStatus as CollectorFigures } from '../gather/capture/collectors/status.ts';
import type { CaptureStatus as CaptureFigures } from '../gather/capture/service.ts';
import type { CaptureLineage, FreedSpace } from '../keep/local/captures.ts';
import { FILE_STATES } from '../keep/local/journal.ts';
import {
  Bytes,
  Count,
  IdPath,
  Milliseconds,
  type Operation,
  pageAnswer,
  pageQuery,
  partQuery,
  reverseQuery,
  Share,
  Time,
} from './operation.ts';

const about = 'Capture and disk';

const CollectorStatus = z
  .object({
    name: z.string(),
    method: z.string(),
    everyMs: Milliseconds.nullable().describe('null: takes each message as it comes'),
    disabled: z.boolean(),
    readings: z.int().describe('those on the disk, since the start'),
    missed: Count.describe('ticks that were overtaken'),
    filtered: Count,
    errors: Count,
    perSecond: z.number(),
    latestByMs: Milliseconds.nullable().describe('the furthest that a reading came after its time'),
    lastReadingAt: Time.nullable(),
    lastError: z.object({ message: z.string(), failedAt: Time }).nullable(),
    progress: z.object({ readings: Count, bytes: Bytes }).describe('of the file in progress'),
    pending: Count.describe('in memory alone, until the next flush'),
    unwritten: Count.describe('of those, what the disk does not take now'),
    lost: Count.describe('could not be written and were given up'),
    writeError: z.object({ code: z.string(), message: z.string(), failedAt: Time }).nullable(),
  })
  .meta({ id: 'CollectorStatus' });

export const CaptureStatus = z.object({
  enabled: z.boolean(),
  collectors: z.array(CollectorStatus),
  lost: z
    .object({ files: Count, readings: Count, unwritten: Count })
    .describe('deleted undelivered on a full disk, ever; `unwritten` since the start'),
  freedBytes: Bytes.describe('what gave way on a full disk, ever'),
  freedCopies: z
    .object({ files: Count, bytes: Bytes })
    .describe('of that, kept copies of delivered files, whatever `keepCompleted` says'),
});

export const CaptureFile = z
  .object({
    id: z.int(),
    collector: z.string(),
    method: z.string(),
    profile: z.string(),
    bucket: z.string(),
    filepath: z.string(),
    readings: Count,
    bytes: Bytes,
    firstAt: Time.describe('when its first reading was asked for'),
    lastAt: Time.describe('when its last reading was there'),
    intervalMs: Milliseconds.nullable(),
    tags: z.array(z.string()),
    station: z.string(),
    reason: z.enum(['size', 'age', 'sync', 'stop', 'binary', 'recovered']),
    completedAt: Time,
    recordId: z.int().nullable().describe('its delivery; null until that has seen it'),
    state: z.enum(FILE_STATES).nullable(),
    objectKey: z.string().nullable(),
    deliveredAt: Time.nullable(),
    lostAt: Time.nullable().describe('deleted before it was delivered, since the disk was full'),
  })
  .meta({ id: 'CaptureFile' });

const Sums = z.object({
  files: Count,
  readings: Count,
  bytes: Bytes,
  delivered: Count,
  lost: Count,
  lostReadings: Count,
});
const Room = z.object({ name: z.string(), bytes: Bytes, inodes: Count });

export const captureOperations = {
  getCapture: {
    about,
    summary: 'Collectors, sums over the files of each, and what waits to be delivered.',
    status: 200,
    answer: CaptureStatus.extend({
      collectors: z.array(CollectorStatus.extend({ kept: Sums.nullable() })),
      waiting: z.object({ files: Count, bytes: Bytes, oldestAt: Time.nullable() }),
    }),
  },
  listCaptureFiles: {
    about,
    summary: 'Finished files of readings, newest first unless reversed.',
    query: z.strictObject({
      collector: z.string().min(1).optional(),
      ...reverseQuery,
      ...partQuery,
      ...pageQuery(100, 1000),
    }),
    status: 200,
    answer: z.object({
      files: z.array(CaptureFile),
      total: Count.describe('of all that fit'),
      ...pageAnswer,
    }),
  },
  getCaptureFile: {
    about,
    summary: 'One finished file of readings.',
    path: IdPath,
    status: 200,
    answer: CaptureFile,
  },
  getDiskBudget: {
    about,
    summary: 'What would give way on a full disk now, and what gave way so far, newest first.',
    query: z.strictObject({ limit: z.coerce.number<number>().int().min(1).max(1000).default(100) }),
    status: 200,
    answer: z.object({
      plan: z.object({
        usedShare: Share,
        usedInodeShare: Share,
        full: z.boolean(),
        neededBytes: Bytes,
        neededInodes: Count,
        steps: z.array(Room),
        missingBytes: Bytes,
        missingInodes: Count,
        captureShare: Share,
        captureInodeShare: Share,
        losesReadings: z.boolean(),
        files: z.array(z.object({ path: z.string(), bytes: Bytes, readings: Count })),
      }),
      freed: z.array(
        z.object({
          freedAt: Time,
          step: z.string(),
          path: z.string().nullable(),
          files: Count,
          bytes: Bytes,
          readings: Count,
          lost: z.boolean().describe('data that nobody else has'),
        }),
      ),
    }),
  },
} as const satisfies Record<string, Operation>;

/** A collector as the API shows it. Pure. */
export function shownCollector(figures: CollectorFigures): z.input<typeof CollectorStatus> {
  const { latestByMs, lastReadingAtMs, lastError, writeError, ...rest } = figures;
  return {
    ...rest,
    latestByMs: latestByMs && Math.round(latestByMs),
    lastReadingAt: isoOrNull(lastReadingAtMs),
    lastError: lastError && { message: lastError.message, failedAt: isoTime(lastError.atMs) },
    writeError: writeError && {
      code: writeError.code,
      message: writeError.message,
      failedAt: isoTime(writeError.atMs),
    },
  };
}

/** Capture at a glance as the API shows it. Pure. */
export function shownCapture(figures: CaptureFigures): z.input<typeof CaptureStatus> {
  return { ...figures, collectors: figures.collectors.map(shownCollector) };
}

/** A file of readings as the API and `sluice captures ls --json` show it. Pure. */
export function shownCaptureFile(file: CaptureLineage): z.input<typeof CaptureFile> {
  const { completedAtMs, deliveredAtMs, lostAtMs, tags, ...rest } = file;
  return {
    ...rest,
    tags: [...tags],
    completedAt: isoTime(completedAtMs),
    deliveredAt: isoOrNull(deliveredAtMs),
    lostAt: isoOrNull(lostAtMs),
  };
}

/** What gave way, as the API shows it. Pure. */
export function shownFreed({ atMs, ...rest }: FreedSpace) {
  return { ...rest, freedAt: isoTime(atMs) };
}
