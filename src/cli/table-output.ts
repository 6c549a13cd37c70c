import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asFileError, SluiceError } from '../base/errors.ts';
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

/** How many columns a table has to fit into: those of the terminal that it goes to, if it goes to one. */
export function widthOf(
  { output }: Pick<TableOptions, 'output'>,
  { stdout }: Pick<Cli, 'stdout'>,
): number | undefined {
  return output === undefined && stdout.isTTY ? stdout.columns || 80 : undefined;
}

/**
 * Writes to the file asked for, which a path is of that begins where the command was started, else to standard output.
 * @param keeps leave a file that is there already alone, and throw `usage`
 * Throws `usage` for a folder that is not there, `disk_full`, and what else the system says.
 */
export async function writeOut(
  content: string | Uint8Array,
  { output }: Pick<TableOptions, 'output'>,
  cli: Pick<Cli, 'stdout' | 'cwd'>,
  { keeps = false } = {},
): Promise<void> {
  if (output === undefined) {
    cli.stdout.write(content);
    return;
  }
  const path = resolve(cli.cwd, output);
  try {
    await writeFile(path, content, { flag: keeps ? 'wx' : 'w' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new SluiceError('usage', `${path} is there already, and is left as it is`, {
        cause: error,
        hint: 'Name another file, or remove that one first.',
      });
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR')
      throw new SluiceError('usage', `${path} cannot be written: ${wordsOf(code)}`, {
        cause: error,
        hint: 'Name a file in a folder that is there.',
      });
    throw asFileError(error, { operation: 'write', subject: path });
  }
}

function wordsOf(code: string): string {
  if (code === 'EISDIR') return 'it is a folder';
  return code === 'ENOENT' ? 'its folder does not exist' : 'what should be its folder is none';
}
