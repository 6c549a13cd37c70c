import { LOG_LEVELS } from '../../base/log.ts';
import { isPostgresAddress } from '../../base/text.ts';
import { choice, optionalPath, path, secret, section } from '../fields.ts';

export const root = path({
  default: './station',
  description: 'The folder that holds everything the station keeps on disk besides the database.',
});

export const database = path({
  default: 'sluice.db',
  description:
    'The SQLite database: what is known (unless `store` says where else), and the journal of what was done.',
});

export const store = secret('store', {
  description:
    'A Postgres for what is known (repositories, commits, changesets, the schedule), shared by all stations that name it. Without it all of that is in `database`, where the journal of this station stays in any case.',
  example: 'postgres://sluice@db.example.com/sluice?sslmode=verify-full',
  fault: text =>
    isPostgresAddress(text)
      ? undefined
      : 'must begin with postgres://; the path of a SQLite file is `database`',
});

export const log = section('What is written to standard error.', {
  level: choice(LOG_LEVELS, {
    default: 'info',
    description: 'The least important messages that are still written.',
  }),
});

export const mailmap = optionalPath({
  description:
    'A mailmap for all repositories, beside each one’s own and above it, as git’s `mailmap.file`. It is read again when it changes. Stations that share a store name the same one.',
  example: '/etc/sluice/mailmap',
});
