import { LOG_LEVELS } from '../../base/log.ts';
import { choice, path, section } from '../fields.ts';

export const root = path({
  default: './station',
  description: 'The folder that holds everything the station keeps on disk besides the database.',
});

export const database = path({
  default: 'sluice.db',
  description: 'The SQLite database: what is known, and the journal of what was done.',
});

export const log = section('What is written to standard error.', {
  level: choice(LOG_LEVELS, {
    default: 'info',
    description: 'The least important messages that are still written.',
  }),
});
