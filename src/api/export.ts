import { z } from 'zod';
import { COMPRESSIONS } from '../export/parquet.ts';
import { EXPORT_TABLES } from '../export/tables.ts';
import type { Operation } from './operation.ts';

const names = EXPORT_TABLES.map(({ name }) => name) as [string, ...string[]];

export const exportOperations = {
  exportTable: {
    about: 'Export',
    summary: 'All rows of a table, as a Parquet file.',
    description: `Columns are those of the schema; times are timestamps, object ids hexadecimal. ${EXPORT_TABLES.map(({ name, about }) => `\`${name}\`: ${about}.`).join(' ')}`,
    query: z.strictObject({
      table: z.enum(names),
      compression: z.enum(COMPRESSIONS).default('zstd'),
    }),
    status: 200,
    contentType: 'application/vnd.apache.parquet',
  },
} as const satisfies Record<string, Operation>;
