import { writeDuration } from '../../base/units.ts';
import { choice, duration, flag, section } from '../fields.ts';

export const schedule = section(
  'When things are synced: after last sync + (last sync − last change), within these bounds.',
  {
    minInterval: duration({
      default: '2m',
      min: '1s',
      max: '365d',
      description: 'The shortest time between two syncs.',
    }),
    maxInterval: duration({
      default: '8h',
      min: '1s',
      max: '365d',
      description: 'The longest time between two syncs.',
    }),
    policy: choice(['linear', 'adaptive'], {
      default: 'linear',
      description:
        'How changesets are scheduled: `linear` as above, or `adaptive`, which spends as many calls where they show changes soonest; what is over or long still then waits up to nine times `maxInterval`.',
    }),
    quiet: flag({
      default: false,
      description:
        'Whether a sync waits until changes have paused for `minInterval`, so that a burst of webhooks brings one.',
    }),
  },
  [
    ({ minInterval, maxInterval }, fault) => {
      if (minInterval === undefined || maxInterval === undefined || minInterval <= maxInterval) return;
      fault('maxInterval', `is shorter than schedule.minInterval (${writeDuration(minInterval)})`);
    },
  ],
);
