import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import { isPostgresAddress, isUri } from '../base/text.ts';
import { formatDuration } from '../base/units.ts';
import type { Config } from '../config/schema.ts';
import { type CopyStoreStep, copyStore } from '../keep/store/copy-store.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { progressInWords } from './progress.ts';
import { jsonText, printable, progressLines } from './terminal.ts';

const TASK = 'store copy';

/**
 * Copies a store and says of every table how many rows are the same on both sides. Throws as `copyStore`, and `usage`
 * for a place that cannot be meant.
 */
export async function printCopiedStore(
  places: { readonly from: string; readonly to: string },
  options: GlobalOptions & { readonly json?: boolean },
  cli: Cli,
): Promise<void> {
  const signal = cli.stopSignal();
  const { config } = await load(options, cli);
  const from = placeOf(places.from, config, cli.cwd);
  const to = placeOf(places.to, config, cli.cwd);
  if (from === to) throw new SluiceError('usage', 'a store is not copied onto itself');
  if (!isPostgresAddress(from) && !existsSync(from))
    throw new SluiceError('not_found', `there is no database ${from}`);
  const lines = progressLines(cli.stderr);
  const startMs = cli.clock.monotonicMs();
  const inWords = stepWords(cli.clock);
  const source = await cli.openStore(from);
  try {
    const target = await cli.openStore(to);
    try {
      const tables = await copyStore({
        from: source.tables,
        to: target.tables,
        signal,
        onProgress: step => lines.set(TASK, inWords(step)),
      });
      lines.end(TASK);
      if (options.json) {
        for (const table of tables) cli.stdout.write(`${jsonText(table)}\n`);
        return;
      }
      const rows = tables.reduce((sum, table) => sum + table.rows, 0);
      const written = tables.reduce((sum, table) => sum + table.written, 0);
      const duration = formatDuration(Math.round(cli.clock.monotonicMs() - startMs));
      const words = `${rows.toLocaleString('en')} rows in ${tables.length} tables are the same on both sides; ${written.toLocaleString('en')} were written, in ${duration}`;
      cli.stdout.write(`${printable(words)}\n`);
    } finally {
      await target.close();
    }
  } catch (error) {
    lines.end(TASK);
    if (signal.aborted && !options.json)
      cli.stderr.write('stopped: what was copied stays; the same command goes on from there.\n');
    throw error;
  } finally {
    await source.close();
  }
}

/** Writes `table 3 of 21, commits: 120,000 rows, 41,000/s`, by the time since each table was begun. */
function stepWords(clock: Pick<Clock, 'monotonicMs'>): (step: CopyStoreStep) => string {
  let begun = { table: '', atMs: 0 };
  return ({ table, number, tables, doing, rows }) => {
    const nowMs = clock.monotonicMs();
    if (begun.table !== `${doing} ${table}`) begun = { table: `${doing} ${table}`, atMs: nowMs };
    const where = `${doing} table ${number} of ${tables}, ${table}`;
    if (rows === 0) return where;
    return `${where}: ${progressInWords({ noun: 'rows', done: rows, elapsedMs: nowMs - begun.atMs })}`;
  };
}

/** A path or an address. */
function placeOf(text: string, { database, store }: Pick<Config, 'database' | 'store'>, cwd: string): string {
  if (text === 'database') return database;
  if (text === 'store') {
    if (store !== undefined) return store;
    throw new SluiceError('usage', 'the configuration names no store', {
      hint: 'Set store in sluice.yaml or SLUICE_STORE, or give its address.',
    });
  }
  if (isPostgresAddress(text)) return text;
  if (isUri(text)) throw new SluiceError('usage', 'a store is a SQLite file or postgres://…');
  return resolve(cwd, text);
}
