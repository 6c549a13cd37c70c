import { z } from 'zod';
import { Count, type Operation, Time } from './operation.ts';

const about = 'Station';

/** What a person can do about something that is stuck: an operation, with what it is given. */
const Action = z.object({
  action: z.enum(['retry', 'drop', 'forget', 'probe', 'sync', 'pause', 'resume']),
  operation: z.enum([
    'retryFailed',
    'dropFailed',
    'untrackRepository',
    'untrackChangeset',
    'probePlace',
    'syncDeliveries',
    'syncRepositories',
    'syncChangesets',
    'pause',
    'resume',
    'leaveStation',
  ]),
  given: z.record(z.string(), z.unknown()).describe('what the operation is given'),
});

export const Stuck = z
  .object({
    id: z.string().describe('the same as long as it is stuck for the same reason'),
    kind: z
      .enum([
        'files',
        'repositories',
        'changesets',
        'targets',
        'collectors',
        'code host',
        'disk',
        'store',
        'stations',
        'station',
      ])
      .describe('what is counted'),
    stage: z.enum([
      'failed',
      'gone',
      'held',
      'paused',
      'retrying',
      'late',
      'not syncing',
      'unknown profile',
      'without a time',
      'private',
      'unreachable',
      'moved',
      'failing',
      'not seen',
      'refused',
      'full',
      'silent',
      'away',
    ]),
    place: z
      .object({
        kind: z.enum(['endpoint', 'profile', 'bucket', 'disk', 'host', 'collector', 'station', 'work']),
        name: z.string(),
      })
      .nullable()
      .describe('where it is stuck'),
    code: z.string().nullable().describe('from the error catalogue, where the reason has a code'),
    cause: z.string().nullable().describe('why, in words'),
    hint: z.string().nullable().describe('what to do about it'),
    count: Count.describe('no two of `files`, `repositories`, `changesets` or `targets` count the same one'),
    sinceAt: Time.nullable(),
    example: z.string().nullable().describe('one of them: a path, an address, a name'),
    isWaiting: z.boolean().describe('it is tried again by itself, or goes on by itself'),
    actions: z.array(Action),
  })
  .meta({ id: 'Stuck' });

export const stuckOperations = {
  leaveStation: {
    about,
    summary:
      'Says that a silent station does not come back: nobody misses it any more. Its next sign of life undoes that.',
    body: z.strictObject({ id: z.string() }),
    status: 204,
  },
  listStuck: {
    about,
    summary:
      'All that is stuck, each of it once, with since when, why, and what can be done; and how much else there is.',
    description:
      'Every file that has not arrived and every target is either counted in `stuck` or by name in `elsewhere`. What a person must see to comes first, then what counts most.',
    status: 200,
    answer: z.object({
      stuck: z.array(Stuck),
      elsewhere: z
        .object({
          files: z.object({
            uploading: Count.describe('being tried this moment'),
            due: Count.describe('in line, not for long'),
            resting: Count.describe('until a time that is yet to come'),
            copying: Count.describe('announced by a copy, which has not ended'),
            empty: Count.describe('until they have content'),
          }),
          targets: z.object({
            running: Count,
            due: Count.describe('in line, not for long'),
            resting: Count.describe('until their time'),
            repositories: Count.describe('those whose try failed: `repositories` in `stuck` tells of them'),
            changesets: Count.describe('as `repositories`'),
          }),
          unproven: Count.describe('files delivered that nothing proves to have arrived'),
          left: Count.describe('files that lie there and are not taken: `left` of the status says why'),
        })
        .describe('what is counted and not stuck'),
    }),
  },
} as const satisfies Record<string, Operation>;
