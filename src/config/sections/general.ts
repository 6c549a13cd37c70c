import { LOG_LEVELS } from '../../base/log.ts';
import { isPostgresAddress } from '../../base/text.ts';
import { choice, path, secret, section } from '../fields.ts';

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
