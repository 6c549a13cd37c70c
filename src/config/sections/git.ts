import { count, duration, flag, paths, section } from '../fields.ts';

export const git = section('How git is used.', {
  idleTimeout: duration({
    default: '60s',
    min: '1s',
    max: '1d',
    description: 'How long a transfer may be silent before it is given up.',
  }),
  connectTimeout: duration({
    default: '10s',
    min: '1s',
    max: '10m',
    description:
      'How long a host may take to accept a connection. Over ssh in whole seconds; behind an HTTP proxy not in force.',
  }),
  tags: flag({
    default: true,
    description: 'Whether tags are fetched, and so the commits that only tags reach.',
  }),
  allowPrivateAddresses: flag({
    default: false,
    description: 'Whether the API may name repositories on loopback and private addresses.',
  }),
  allowPaths: paths({
    description: 'Folders below which the API may name repositories by path or `file:` URL.',
    example: ['/srv/git'],
  }),
  trustedPaths: paths({
    description:
      'Folders below which repositories are read though they belong to another user (a mounted share): git refuses them otherwise. Their owner could have git run commands when it writes there, which sluice never does.',
    example: ['/mnt/git'],
  }),
  concurrency: count({
    default: 4,
    min: 1,
    max: 256,
    description: 'How many repositories are fetched at once.',
  }),
  perHost: count({ default: 2, min: 1, max: 256, description: 'How many of them from one host.' }),
});
