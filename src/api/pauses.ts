import { z } from 'zod';
import { PAUSABLE } from '../keep/local/pauses.ts';
import { type Operation, Time } from './operation.ts';

const about = 'Pauses and probes';

const Kind = z.enum(PAUSABLE).describe('a profile, a bucket of one, or all that is asked of a host');
const Name = z.string().min(1).max(1000).describe('of a profile or host; of a bucket `profile/bucket`');
const Named = z.strictObject({
  kind: Kind.optional().describe('may be left out where the name alone tells'),
  name: Name,
});

/** What somebody paused. */
export const Pause = z.object({ kind: Kind, name: z.string(), sinceAt: Time }).meta({ id: 'Pause' });

export const pauseOperations = {
  listPauses: {
    about,
    summary: 'What is paused: nothing goes there until it is resumed, restarts of the station included.',
    status: 200,
    answer: z.object({ pauses: z.array(Pause) }),
  },
  pause: {
    about,
    summary: 'Pauses a destination or a host; what is under way ends first. May be repeated.',
    body: Named,
    status: 200,
    answer: Pause,
  },
  resume: {
    about,
    summary: 'Has what was paused go on.',
    body: Named,
    status: 200,
    answer: Pause,
  },
  probePlace: {
    about,
    summary:
      'Asks what is held now whether it can be used again; `isHeld` says what it answered. Where only a file can tell, one goes, and the answer does not wait for it.',
    body: z.strictObject({
      kind: z.enum(['endpoint', 'profile', 'bucket', 'disk', 'host']),
      name: z.string().min(1).max(4096).describe('as `holds` of the status names it, or a code host'),
    }),
    status: 200,
    answer: z.object({ isHeld: z.boolean() }),
  },
} as const satisfies Record<string, Operation>;
