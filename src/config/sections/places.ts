import { path } from '../fields.ts';

export const root = path({
  default: './station',
  description: 'The folder that holds everything the station keeps on disk besides the database.',
});

export const database = path({
  default: 'sluice.db',
  description: 'The SQLite database: what is known, and the journal of what was done.',
});
