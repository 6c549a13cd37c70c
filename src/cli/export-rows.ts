import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { asFileError, SluiceError } from '../base/errors.ts';
import { makeFolder } from '../base/files/make-folder.ts';
import { formatBytes, formatCount, formatDuration } from '../base/units.ts';
import { type Compression, parquetChunks } from '../export/parquet.ts';
import { EXPORT_TABLES, type ExportSource, type ExportTable } from '../export/tables.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { progressInWords } from './progress.ts';
import { assertDatabase, existingDatabase, withCaptures, withJournal, withStores } from './stores.ts';
import { jsonText, printable, progressLines } from './terminal.ts';

export interface ExportOptions extends GlobalOptions {
  readonly table: readonly string[];
  readonly compression: Compression;
  readonly json?: boolean;
}

const TASK = 'export';
const SUFFIX = '.parquet';

/** Writes tables as Parquet files and says how much is in each. Throws `usage`, `not_found`, `database_*`, `disk_*`. */
export async function exportRows(target: string, options: ExportOptions, cli: Cli): Promise<void> {
  const signal = cli.stopSignal();
  const files = filesOf(resolve(cli.cwd, target), options.table);
  const { config } = await load(options, cli);
  assertDatabase(config);
  const lines = progressLines(cli.stderr);
  const startMs = cli.clock.monotonicMs();
  let all = { rows: 0, bytes: 0, files: 0 };
  try {
    await withSource(config, cli, async source => {
      for (const [index, { table, path }] of files.entries()) {
        const begunMs = cli.clock.monotonicMs();
        const where = `table ${index + 1} of ${files.length}, ${table.name}`;
        lines.set(TASK, where);
        const written = await writeTable(table, path, source, {
          compression: options.compression,
          signal,
          onRows: rows => {
            const elapsedMs = cli.clock.monotonicMs() - begunMs;
            lines.set(TASK, `${where}: ${progressInWords({ noun: 'rows', done: rows, elapsedMs })}`);
          },
        });
        all = { rows: all.rows + written.rows, bytes: all.bytes + written.bytes, files: all.files + 1 };
        lines.end(TASK);
        const count = `${formatCount(written.rows, 'row')}, ${formatBytes(written.bytes)}`;
        cli.stdout.write(
          options.json
            ? `${jsonText({ table: table.name, file: path, ...written })}\n`
            : `${printable(`${path}: ${count}`)}\n`,
        );
      }
    });
  } catch (error) {
    lines.end(TASK);
    if (signal.aborted && !options.json)
      cli.stderr.write(
        `stopped: ${all.files} of ${formatCount(files.length, 'file')} written, each of them whole.\n`,
      );
    throw error;
  }
  if (options.json) return;
  const duration = formatDuration(Math.round(cli.clock.monotonicMs() - startMs));
  const whole = `${formatCount(all.rows, 'row')}, ${formatBytes(all.bytes)}, in ${duration}`;
  if (files.length > 1) cli.stdout.write(`${whole}\n`);
}

/** Which table goes into which file. Throws `usage`. */
function filesOf(target: string, names: readonly string[]): { table: ExportTable; path: string }[] {
  if (target.endsWith(SUFFIX)) {
    if (names.length > 1) {
      throw new SluiceError('usage', `${target} is one file, and ${names.length} tables are to go into it`, {
        hint: 'Name a folder, or one --table.',
      });
    }
    return [{ table: tableNamed(names[0] ?? basename(target, SUFFIX)), path: target }];
  }
  const tables = names.length > 0 ? [...new Set(names)].map(tableNamed) : EXPORT_TABLES;
  return tables.map(table => ({ table, path: join(target, `${table.name}${SUFFIX}`) }));
}

function tableNamed(name: string): ExportTable {
  const table = EXPORT_TABLES.find(each => each.name === name);
  if (table) return table;
  throw new SluiceError('usage', `there is no table "${name}" to export`, {
    hint: `Tables: ${EXPORT_TABLES.map(each => each.name).join(', ')}.`,
  });
}

function withSource(
  config: Parameters<typeof existingDatabase>[0] & Parameters<Cli['openStores']>[0],
  cli: Cli,
  use: (source: ExportSource) => Promise<void>,
): Promise<void> {
  const database = existingDatabase(config);
  return withStores(config, cli, ({ store }) =>
    withJournal(database, cli, journal =>
      withCaptures(database, cli, captures =>
        use({
          tables: store.tables,
          deliveries: (beforeId, limit) => journal.list({ after: [beforeId], limit }),
          captures: (beforeId, limit) => captures.list({ afterId: beforeId, limit }),
        }),
      ),
    ),
  );
}

/** Under another name until it is whole. */
async function writeTable(
  table: ExportTable,
  path: string,
  source: ExportSource,
  options: Parameters<typeof parquetChunks>[2],
): Promise<{ readonly rows: number; readonly bytes: number }> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  let [rows, bytes] = [0, 0];
  const onRows = (soFar: number): void => {
    rows = soFar;
    options.onRows?.(soFar);
  };
  try {
    await makeExportFolder(dirname(path));
    const file = await open(temporary, 'w').catch(error => {
      throw asFileError(error, { operation: 'write', subject: path });
    });
    try {
      for await (const chunk of parquetChunks(table.columns, table.rows(source), { ...options, onRows })) {
        await file.writeFile(chunk).catch(error => {
          throw asFileError(error, { operation: 'write', subject: path });
        });
        bytes += chunk.length;
      }
    } finally {
      await file.close();
    }
    await rename(temporary, path).catch(error => {
      throw asFileError(error, { operation: 'write', subject: path });
    });
  } finally {
    // Its rename, or what went wrong before it, is what is told.
    await rm(temporary, { force: true }).catch(() => undefined);
  }
  return { rows, bytes };
}

async function makeExportFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTDIR') {
      throw new SluiceError('usage', `${path} is no folder`, {
        cause: error,
        hint: 'Name a folder, or one file that ends in .parquet.',
      });
    }
    throw asFileError(error, { operation: 'make folder', subject: path });
  }
}
