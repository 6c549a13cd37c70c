import { z } from 'zod';
import { FILE_STATES, LISTED_STATES } from '../keep/local/journal.ts';
import { RECORD_ORDERS } from '../keep/local/record-order.ts';
import {
  Bytes,
  Count,
  IdPath,
  LastError,
  type Operation,
  pageAnswer,
  pageQuery,
  partQuery,
  reverseQuery,
  Switch,
  Time,
} from './operation.ts';
import { HeldFor } from './status.ts';

const about = 'Deliveries';

export const Delivery = z
  .object({
    id: z.int(),
    profile: z.string(),
    bucket: z.string(),
    filepath: z.string(),
    state: z.enum(FILE_STATES),
    outcome: z.enum(['success', 'failure']).nullable(),
    attempts: Count,
    nextAttemptAt: Time.nullable(),
    bytes: Bytes,
    lastUpdated: Time.describe('as `updatedAt`; kept for programs that know it by this name'),
    updatedAt: Time,
    lastError: LastError,
    hold: z
      .enum(['empty', 'bucket', 'bucket_held', 'folder_held'])
      .nullable()
      .describe('what it waits for instead of a time'),
    present: z.boolean().describe('whether its file is still in the spool'),
  })
  .meta({ id: 'Delivery' });

const Attempt = z
  .object({
    number: z.int(),
    startedAt: Time,
    finishedAt: Time,
    outcome: z.enum(['success', 'failure']),
    errorAnswer: z.string().nullable(),
    errorCode: z.string().nullable(),
    errorMessage: z.string().nullable(),
  })
  .meta({ id: 'Attempt' });

const Selection = z
  .strictObject({
    all: z.boolean().optional(),
    ids: z.array(z.number().int()).min(1).optional(),
    exceptIds: z.array(z.number().int()).optional().describe('not these; with one of the others'),
    match: z.string().min(1).optional().describe('a glob over `profile/bucket/path`, or over the path alone'),
    cause: z.string().min(1).optional().describe('an error code, or what it is answered with'),
    text: z.string().min(1).optional().describe('somewhere in `profile/bucket/path`'),
    profile: z.string().min(1).optional().describe('only of this profile; with one of the others'),
    bucket: z.string().min(1).optional().describe('only of this bucket; with one of the others'),
    gone: z
      .boolean()
      .optional()
      .describe('only those whose file is no longer there, or is; with one of the others'),
    limit: z
      .number()
      .int()
      .min(0)
      .optional()
      .describe('at most so many of them are answered one by one; all unless given'),
  })
  .refine(
    ({ limit: _limit, profile: _profile, bucket: _bucket, gone: _gone, exceptIds: _except, ...selection }) =>
      Object.values(selection).some(value => value !== undefined && value !== false),
    { error: 'say which: all, ids, match, cause or text' },
  );
const Selected = z.object({
  total: Count,
  problems: Count.describe('of those, what could not be done; they are listed first'),
  deliveries: z.array(Delivery.extend({ problem: z.string().optional() })),
});

const syncDeliveries = {
  about,
  summary: 'Delivers what waits, and answers once all of it was tried, or nothing has ended for a while.',
  query: z.strictObject({
    wait: Switch.default(false).describe('answers only once all of it was tried'),
  }),
  status: 200,
  answer: z.object({
    delivered: Count,
    failed: Count,
    waiting: Count.describe('files that wait for another try, or for their bucket to be made'),
    empty: Count.describe('files that wait until they have content'),
    held: z.array(HeldFor),
    unfinished: z
      .object({
        files: Count,
        endpoints: z.array(z.string()).describe('those that have not answered yet'),
      })
      .optional()
      .describe('what the station goes on with; absent where all was tried'),
  }),
} as const satisfies Operation;

export const deliveryOperations = {
  listDeliveries: {
    about,
    summary: 'Records of files.',
    query: z.strictObject({
      state: z.enum(LISTED_STATES).optional().describe('`waiting`: on their way, in incoming or processing'),
      profile: z.string().optional(),
      bucket: z.string().optional(),
      search: z.string().optional().describe('somewhere in `profile/bucket/path`'),
      cause: z.string().optional().describe('an error code'),
      order: z
        .enum(RECORD_ORDERS)
        .default('newest')
        .describe('newest, largest or latest changed first, or by path'),
      ...reverseQuery,
      ...partQuery,
      ...pageQuery(100, 1000),
    }),
    status: 200,
    answer: z.object({
      deliveries: z.array(Delivery),
      total: Count.describe('of all that fit'),
      ...pageAnswer,
    }),
  },
  getDelivery: {
    about,
    summary: 'One record with every attempt.',
    path: IdPath,
    status: 200,
    answer: Delivery.extend({
      createdAt: Time.describe('of the file'),
      enteredAt: Time.nullable().describe('when it came into view'),
      sentAt: Time.nullable().describe('when the store acknowledged it, while its delivery has not ended'),
      completedAt: Time.nullable(),
      removedAt: Time.nullable().describe('when its file went from the disk'),
      droppedAt: Time.nullable().describe('when somebody gave it up'),
      source: z.string().nullable().describe('where it lies, outside the spool'),
      objectKey: z.string().nullable().describe('in its bucket, once it was sent'),
      verified: z
        .enum(['checksum', 'size', 'none'])
        .nullable()
        .describe('by what it is known that the store has the very content'),
      etag: z.string().nullable(),
      crc32: z.string().nullable(),
      attemptHistory: z.array(Attempt),
    }),
  },
  syncDeliveries,
  syncDeliveriesUnversioned: {
    ...syncDeliveries,
    summary: 'As `syncDeliveries`, for programs that know it by this path.',
    isDeprecated: true,
  },
  retryFailed: {
    about,
    summary: 'Gives failed files another series of tries.',
    body: Selection,
    status: 200,
    answer: Selected,
  },
  dropFailed: {
    about,
    summary: 'Removes failed files from the disk; their records stay.',
    body: Selection,
    status: 200,
    answer: Selected,
  },
} as const satisfies Record<string, Operation>;
