import { z } from 'zod';
import { Bytes, Count, type Operation, Time } from './operation.ts';
import { StationStatus, Trouble } from './status.ts';

const RunBegun = z.object({ id: z.int(), url: z.string(), reason: z.string(), startedAt: Time.nullable() });

/** What `/events` sends, by name: each with the schema of its data. */
export const EVENTS = {
  reset: z
    .object({})
    .describe(
      'what came before is not known here: ask for everything that is shown. Comes first on a new connection',
    ),
  status: StationStatus.partial().describe(
    'the parts of the status that have changed; uptime alone is no change',
  ),
  deliveries: z
    .object({
      ...StationStatus.shape.deliveries.pick({
        incoming: true,
        processing: true,
        completed: true,
        failed: true,
        waiting: true,
        uploading: true,
      }).shape,
      delivered: Count.describe('files, since the event before'),
      deliveredBytes: Bytes,
      failures: Count.describe('tries that failed, since the event before'),
    })
    .describe('files by state, and what was done: one event a second at most, however many files there are'),
  runBegun: RunBegun.describe('a bake has begun'),
  runEnded: RunBegun.extend({
    state: z.enum(['done', 'failed', 'cancelled']),
    finishedAt: Time.nullable(),
  }).describe('a bake has ended'),
  troubleBegun: Trouble.describe('something is stuck that was not'),
  troubleEnded: Trouble.describe('it is stuck no longer'),
  changesets: z
    .object({ host: z.string(), synced: Count, failed: Count })
    .describe('syncs of changesets that have ended, by host, since the event before'),
  configuration: z.object({ reloadedAt: Time }).describe('the configuration was read again and holds'),
} as const satisfies Record<string, z.ZodType>;

export type EventName = keyof typeof EVENTS;

/** An event as a station sends it. */
export type StationEvent = {
  readonly [Name in EventName]: { readonly type: Name; readonly data: z.output<(typeof EVENTS)[Name]> };
}[EventName];

export const eventOperations = {
  listEvents: {
    about: 'Events',
    summary: 'What happens, as it happens: server-sent events.',
    description: `Each event has a name and data in JSON. Whoever comes back with \`Last-Event-ID\` gets what happened meanwhile, or \`reset\` where that is no longer known. A comment comes every 15 s; who reads too slowly is cut off. ${Object.entries(
      EVENTS,
    )
      .map(([name, { description }]) => `\`${name}\`: ${description}.`)
      .join(' ')}`,
    status: 200,
    contentType: 'text/event-stream',
  },
} as const satisfies Record<string, Operation>;
