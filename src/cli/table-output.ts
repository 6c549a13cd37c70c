import { writeFile } from 'node:fs/promises';
import { SluiceError } from '../base/errors.ts';
import type { Cli } from './cli.ts';
import type { TableFormat } from './tables.ts';

/** Options of every command that prints rows in one of the formats. */
export interface TableOptions {
  readonly format: TableFormat;
  readonly json?: boolean;
  readonly output?: string;
}

/** The format asked for. Throws `usage` for Parquet on a terminal. */
export function formatOf({ format, json, output }: TableOptions, cli: Pick<Cli, 'stdout'>): TableFormat {
  if (json) return 'json';
  if (format === 'parquet' && output === undefined && cli.stdout.isTTY) {
    throw new SluiceError('usage', 'Parquet is not for a terminal: name a file with --output');
  }
  return format;
}

/** Writes to the file asked for, else to standard output. Throws what writeFile throws. */
export async function writeOut(
  content: string | Uint8Array,
  { output }: TableOptions,
  cli: Pick<Cli, 'stdout'>,
): Promise<void> {
  if (output === undefined) cli.stdout.write(content);
  else await writeFile(output, content);
}
