import { z } from 'zod';
import { CaptureStatus } from './capture.ts';
import {
  Bytes,
  Count,
  LastError,
  Milliseconds,
  type Operation,
  pageAnswer,
  pageQuery,
  Time,
} from './operation.ts';
import { Pause } from './pauses.ts';

const about = 'Station';

const HeldPlace = z.object({
  kind: z.enum(['endpoint', 'profile', 'bucket', 'disk']),
  place: z
    .string()
    .describe('the address of an endpoint, the name of a profile, `profile/bucket`, or a path'),
  code: z.string(),
  message: z.string(),
  hint: z.string().describe('what to do about it'),
  files: Count.describe('files that wait for it'),
});
/** A place that cannot be used just now. */
export const Hold = HeldPlace.extend({
  since: Time.nullable().describe('as `sinceAt`; kept for programs that know it by this name'),
  sinceAt: Time.nullable().describe('null: held before this run'),
});
/** As a manual sync names it. */
export const HeldFor = HeldPlace;

const Disk = z.object({
  holds: z.array(z.string()).describe('what lies there: spool, captures, clones, database, root'),
  path: z.string(),
  freeBytes: Bytes,
  totalBytes: Bytes,
  freeInodes: Count,
  totalInodes: Count.describe('0 where the file system has no limit on them'),
});

const KnownStation = z.object({
  id: z.string(),
  name: z.string().describe('host and root'),
  host: z.string(),
  version: z.string(),
  url: z.string().nullable().describe('where its pages are; null where it has none'),
  startedAt: Time,
  silentMs: Milliseconds.describe('how long ago its last sign of life was'),
  isSilent: z.boolean().describe('it has stopped, or says nothing: its work is up to others'),
  hasLeft: z.boolean().describe('it has stopped in order, or does not come back'),
  clones: z.object({ count: Count, bytes: Bytes }),
  deliveries: z.record(z.string(), Count).describe('files by state'),
  capture: z.object({ collectors: Count, failing: Count }),
  disks: z.array(z.object({ path: z.string(), freeBytes: Bytes, totalBytes: Bytes })),
});

const HostFigures = z.object({
  host: z.string(),
  followed: Count,
  state: z.string().describe('`ok`, or why its changesets wait: limited, refused, down, paused'),
  why: z.string().nullable(),
  hint: z.string().nullable(),
  credentialsRefused: z.array(z.string()),
  stretch: z.number().describe('what every interval is multiplied by, since the budget is short'),
  budgets: z.array(
    z.object({
      resource: z.string(),
      neededPerHour: z.number(),
      budgetPerHour: z.number().nullable(),
      spentLastHour: z.number(),
      remaining: z.number().nullable(),
      resetAt: Time.nullable(),
    }),
  ),
});

const Amounts = z.array(Count);
const RateSeries = z
  .object({
    spanMs: Milliseconds.describe('the length of each span'),
    fromAt: Time.describe('when the first span begins'),
    amounts: z
      .object({
        commits: Amounts.describe('read by bakes'),
        changesets: Amounts.describe('synced'),
        calls: Amounts.describe('to the APIs of code hosts'),
        readings: Amounts.describe('captured'),
        files: Amounts.describe('delivered'),
        bytes: Amounts.describe('of the files delivered'),
        failures: Amounts.describe('tries to deliver that failed'),
        timed: Amounts.describe(
          'files delivered of which it is known how long that took since they were found',
        ),
        within1s: Amounts.describe('of those `timed`: in a second at most'),
        within15s: Amounts.describe('in 15 seconds at most'),
        within5m: Amounts.describe('in five minutes at most'),
        within2h: Amounts.describe('in two hours at most'),
      })
      .describe('an amount each span, the oldest first; the last span has not ended'),
  })
  .meta({ id: 'RateSeries' });

export const StationStatus = z
  .object({
    station: z.object({
      version: z.string(),
      uptimeS: Count.describe('as `uptimeMs`, in seconds'),
      uptimeMs: Milliseconds,
      mode: z.enum(['up', 'down']).describe('`down`: nothing runs, and the database alone was read'),
      pid: z.int().nullable(),
      root: z.string(),
      database: z.string(),
    }),
    store: z.object({
      away: z
        .object({
          sinceAt: Time,
          code: z.string().describe('from the error catalogue'),
          message: z.string(),
        })
        .nullable()
        .describe('a shared store that is not reached'),
      figuresAt: Time.nullable().describe(
        'when `schedule`, `repos` and `changesets` were as they are given here, where the store is away or slow; null: now',
      ),
    }),
    schedule: z.object({
      size: Count.describe('targets that have a time'),
      due: Count.describe('those whose time has come and that wait for a worker'),
      behindS: Count.describe('as `behindMs`, in seconds'),
      behindMs: Milliseconds.describe('how late the one that waits longest is'),
      running: Count,
      raised: Count.describe('of those that wait: first in line'),
      next: z.array(z.object({ target: z.string(), dueAt: Time, reason: z.string() })),
    }),
    repos: z.object({
      known: Count,
      tracked: Count,
      failing: Count,
      troubled: z.array(z.object({ url: z.string(), state: z.string(), error: z.string().nullable() })),
      commits: Count,
      baking: z.array(
        z.object({ url: z.string(), phase: z.enum(['room', 'fetch', 'history']), progress: z.string() }),
      ),
      churn: z.object({
        wanted: Count,
        behind: z.array(
          z.object({
            url: z.string(),
            state: z.enum(['reading', 'waiting', 'failing']),
            progress: z.string(),
          }),
        ),
      }),
    }),
    changesets: z.object({
      known: Count,
      followed: Count,
      failing: Count,
      states: z.record(z.string(), Count),
      hosts: z.array(HostFigures),
      webhooksMissing: z.array(
        z.object({ repository: z.string(), missed: Count, lastWebhookAt: Time.nullable() }),
      ),
    }),
    deliveries: z.object({
      incoming: Count,
      processing: Count,
      completed: Count,
      failed: Count,
      waiting: Count.describe('of incoming and processing: not on their way right now'),
      uploading: Count,
      unproven: z
        .object({ files: Count, bytes: Bytes })
        .describe('files that nothing proves to have arrived: they are kept until something does'),
      left: z.array(
        z.object({
          kind: z.enum([
            'temporary',
            'ignored',
            'excluded',
            'symlink',
            'special_file',
            'unreadable',
            'place_failed',
            'name_not_utf8',
            'refused',
            'root_missing',
            'watch_limit',
            'memory_limit',
            'fallback',
            'thread_failed',
          ]),
          files: Count,
          example: z.string().describe('the path of one of them'),
        }),
      ),
      directory: z.string().describe('the folder with the areas of the spool'),
      profiles: z.array(z.string()),
      syncing: z.boolean().describe('whether files go by themselves now'),
      oldestWaitingAt: Time.nullable().describe(
        'since when the file is on its way that has been for longest',
      ),
    }),
    capture: CaptureStatus,
    links: z.array(
      z.object({
        endpoint: z.string(),
        state: z.enum(['unknown', 'online', 'offline', 'unhealthy']),
        since: Time.describe('as `sinceAt`; kept for programs that know it by this name'),
        sinceAt: Time,
      }),
    ),
    holds: z.array(Hold),
    pauses: z.array(Pause).describe('what somebody paused, the oldest first'),
    cache: z.object({
      clones: Count,
      usedBytes: Bytes,
      maxBytes: Bytes.nullable().describe('null: no limit but the disk'),
      minFreeBytes: Bytes,
    }),
    disk: z.object({ freeBytes: Bytes, totalBytes: Bytes, cacheDirectory: z.string() }),
    disks: z.array(Disk),
    stations: z.array(KnownStation).describe('those that share the store, this one among them'),
  })
  .meta({ id: 'StationStatus' });

export const Trouble = z
  .object({
    kind: z.enum(['place', 'delivery', 'repository', 'changeset', 'code host', 'collector']),
    stage: z.string().nullable(),
    subject: z.string().nullable().describe('the place, code host or collector, where it is one'),
    code: z.string().nullable().describe('from the error catalogue'),
    count: Count,
    example: z.string().describe('one of them, in words'),
    hint: z.string().nullable().describe('what to do about it'),
    lastAt: Time.nullable(),
    isWaiting: z.boolean().describe('it is tried again by itself'),
  })
  .meta({ id: 'Trouble' });

const ListedItem = z
  .object({
    key: z.string(),
    kind: z.string(),
    target: z.string(),
    host: z.string().nullable().describe('that is asked; null: none, it is worked on with what is here'),
    title: z.string().nullable(),
    dueAt: Time,
    reason: z.string(),
    priority: z.enum(['normal', 'high']),
    running: z.boolean(),
    failures: Count,
    lastError: LastError,
  })
  .meta({ id: 'ScheduledItem' });

const State = z.object({ status: z.string(), code: z.string().optional() });

export const stationOperations = {
  ping: {
    about,
    summary: 'Whether anything listens: `pong`.',
    status: 200,
    contentType: 'text/plain',
    isOpen: true,
  },
  getHealth: {
    about,
    summary: 'Whether the database can be read; 503 where it cannot.',
    status: 200,
    answer: State,
    also: { 503: State },
    isOpen: true,
  },
  getReadiness: {
    about,
    summary: 'Whether it has started and can write its journal; 503 where not.',
    status: 200,
    answer: State,
    also: { 503: State },
    isOpen: true,
  },
  getMetrics: {
    about,
    summary: 'Figures for Prometheus, in its text format.',
    status: 200,
    contentType: 'text/plain',
  },
  openSession: {
    about,
    summary:
      'A session cookie for the pages, in exchange for the token; there is none to open where no token is set.',
    body: z.strictObject({ token: z.string() }),
    maxBodyBytes: 4096,
    status: 204,
    isOpen: true,
  },
  getDescription: {
    about,
    summary: 'This description, as OpenAPI 3.1.',
    status: 200,
    answer: z.looseObject({ openapi: z.string() }),
  },
  getStatus: { about, summary: 'The station at a glance.', status: 200, answer: StationStatus },
  listAlerts: {
    about,
    summary: 'What people are alerted of and what lasts still, longest first: the same that `notify` tells.',
    status: 200,
    answer: z.object({
      alerts: z.array(
        z.object({
          alert: z.string().describe('what it is about: `failed`, `disk /srv`'),
          message: z.string(),
          hint: z.string().describe('what to do about it'),
          beganAt: Time,
        }),
      ),
    }),
  },
  listTroubles: {
    about,
    summary: 'What is stuck now, by cause: what a person must see to before what is tried again.',
    status: 200,
    answer: z.object({ troubles: z.array(Trouble) }),
  },
  getSchedule: {
    about,
    summary: 'What happens next in gathering: what runs, and what comes, first in line first.',
    query: z.strictObject({ limit: z.coerce.number<number>().int().min(1).max(500).default(100) }),
    status: 200,
    answer: z.object({
      counts: z.object({
        size: Count,
        due: Count,
        behindMs: Milliseconds,
        running: Count,
        raised: Count,
        byKind: z.array(z.object({ kind: z.string(), size: Count, due: Count })),
      }),
      running: z.array(ListedItem),
      next: z.array(ListedItem),
    }),
  },
  getDueWork: {
    about,
    summary: 'How much falls due when, by host and kind; what is due already counts in the first span.',
    query: z.strictObject({
      ahead: z
        .enum(['hour', 'day', 'week'])
        .default('day')
        .describe('by the minute, by half hours, or by three hours'),
    }),
    status: 200,
    answer: z.object({
      fromAt: Time.describe('when the first span begins'),
      spanMs: Milliseconds.describe('the length of each span'),
      lanes: z
        .array(z.object({ host: z.string().nullable(), kind: z.string(), amounts: z.array(Count) }))
        .describe('of the twenty hosts with most, those first'),
      others: z
        .object({ hosts: Count, lanes: z.array(z.object({ kind: z.string(), amounts: z.array(Count) })) })
        .describe('of all hosts beside those'),
    }),
  },
  listTargets: {
    about,
    summary: 'What waits on the schedule, first in line first.',
    query: z.strictObject({
      search: z.string().min(1).optional().describe('somewhere in the address'),
      kind: z.string().min(1).optional().describe('as `kind` of what is listed'),
      host: z.string().min(1).optional(),
      show: z
        .enum(['due', 'raised', 'failing', 'held'])
        .optional()
        .describe('`due`: their time has come; `held`: at hosts that are held or paused'),
      from: Time.optional().describe('due then or later'),
      before: Time.optional().describe('due before then'),
      offset: z.coerce
        .number<number>()
        .int()
        .min(0)
        .default(0)
        .describe('so many from the front are left out'),
      limit: z.coerce.number<number>().int().min(1).max(500).default(100),
    }),
    status: 200,
    answer: z.object({ targets: z.array(ListedItem), total: Count.describe('of all that fit') }),
  },
  raiseTargets: {
    about,
    summary: 'Makes places on the schedule due now, first in line; those that are not there are passed over.',
    body: z.strictObject({ keys: z.array(z.string().min(1).max(5000)).min(1).max(1000) }),
    status: 202,
    answer: z.object({ raised: Count }),
  },
  getRates: {
    about,
    summary: 'What the station did over time: by minute for an hour, by quarter of an hour for a day.',
    status: 200,
    answer: z.object({ hour: RateSeries, day: RateSeries }),
  },
  getDiskHistory: {
    about,
    summary: 'What was free on the disks of the station, by the hour, for ninety days at most.',
    status: 200,
    answer: z.object({
      disks: z.array(
        z.object({
          path: z.string(),
          holds: z.array(z.string()).describe('what lies there: spool, captures, clones, database, root'),
          totalBytes: Bytes,
          samples: z
            .array(z.object({ takenAt: Time, freeBytes: Bytes }))
            .describe('oldest first, some hundred at most; the last is of now'),
        }),
      ),
    }),
  },
  listNotifications: {
    about,
    summary: 'What people were notified of about repositories, newest first.',
    query: z.strictObject(pageQuery(50, 500)),
    status: 200,
    answer: z.object({
      notifications: z.array(
        z.object({
          id: z.int(),
          event: z.enum(['stale', 'awake', 'failing', 'recovered']),
          repository: z.string(),
          message: z.string(),
          raisedAt: Time,
        }),
      ),
      ...pageAnswer,
    }),
  },
} as const satisfies Record<string, Operation>;
