import {
  choice,
  count,
  duration,
  line,
  list,
  optionalCount,
  optionalDuration,
  secret,
  section,
  webAddressFault,
} from '../fields.ts';

export const notify = section(
  'What people are told of: tracked repositories, and alerts about deliveries, disks, readings and reviews.',
  {
    staleAfterDays: optionalCount({
      min: 1,
      max: 36_500,
      description:
        'Days without new commits after which a repository is told to be stale; never where not given.',
      example: 90,
    }),
    afterFailures: count({
      default: 3,
      min: 1,
      max: 1000,
      description: 'Failures in a row after which a repository is told to be failing.',
    }),
    ...secret('webhook', {
      description: 'A URL that each notification is sent to, as JSON by POST.',
      example: 'https://example.org/hooks/sluice',
      fault: webAddressFault,
    }),
    webhookFormat: choice(['json', 'slack'], {
      default: 'json',
      description:
        'The form of what the webhook gets: `slack` is `{"text": …}`, which Slack, Mattermost and others take; `json` has all that is known of it.',
    }),
    command: list(line('must be text'), {
      description:
        'A program and its arguments, run for each notification without a shell; it gets the same JSON on standard input and SLUICE_* variables.',
      example: ['/usr/local/bin/tell', '--quietly'],
    }),
    heldAfter: duration({
      default: '10m',
      min: '0',
      max: '30d',
      description: 'How long a place has files wait, or a collector brings nothing, before it is an alert.',
    }),
    waitingAfter: duration({
      default: '1h',
      min: '1m',
      max: '365d',
      description: 'How long a file is on its way before that is an alert.',
    }),
    reviewAfter: optionalDuration({
      min: '1m',
      max: '365d',
      description:
        'How long a changeset waits for its first review before that is an alert; never where not given.',
      example: '2d',
    }),
    timeout: duration({
      default: '30s',
      min: '1s',
      max: '10m',
      description: 'How long webhook or command may take.',
    }),
  },
);
