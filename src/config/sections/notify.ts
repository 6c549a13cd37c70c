import { count, duration, line, list, optionalCount, secret, section } from '../fields.ts';

export const notify = section('What is told of tracked repositories, to the log and beyond.', {
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
  }),
  command: list(line('must be text'), {
    description:
      'A program and its arguments, run for each notification without a shell; it gets the same JSON on standard input and SLUICE_* variables.',
    example: ['/usr/local/bin/tell', '--quietly'],
  }),
  timeout: duration({
    default: '30s',
    min: '1s',
    max: '10m',
    description: 'How long webhook or command may take.',
  }),
});
