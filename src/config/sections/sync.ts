import { duration, flag, section } from '../fields.ts';

export const sync = section('When files are delivered.', {
  interval: duration({
    default: '6s',
    min: '100ms',
    max: '1d',
    description: 'The pause between two sweeps of the folders, which find what no event told of.',
  }),
  automatic: flag({
    default: true,
    description: 'Whether files are delivered as they arrive; otherwise only by `sluice sync now`.',
  }),
});
