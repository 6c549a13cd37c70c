import { resolve } from 'node:path';
import { formatBytes, formatDuration } from '../base/units.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { assertDatabase } from './stores.ts';
import { jsonText, printable, progressLines } from './terminal.ts';

const TASK = 'backup';

/** Backs the database up into a file and says how large it is. Throws as `LocalStore.backUp`. */
export async function backUp(
  file: string,
  options: GlobalOptions & { readonly json?: boolean },
  cli: Cli,
): Promise<void> {
  const signal = cli.stopSignal();
  const { config } = await load(options, cli);
  assertDatabase(config);
  const target = resolve(cli.cwd, file);
  const lines = progressLines(cli.stderr);
  const startMs = cli.clock.monotonicMs();
  const local = await cli.openLocal(config.database);
  try {
    const { bytes } = await local.backUp(target, {
      signal,
      onProgress: share => lines.set(TASK, `${Math.floor(share * 100)}% of ${printable(config.database)}`),
    });
    const durationMs = Math.round(cli.clock.monotonicMs() - startMs);
    lines.end(TASK);
    const words = `${target}: ${formatBytes(bytes)}, whole, in ${formatDuration(durationMs)}`;
    cli.stdout.write(
      options.json ? `${jsonText({ file: target, bytes, durationMs })}\n` : `${printable(words)}\n`,
    );
  } catch (error) {
    lines.end(TASK);
    if (signal.aborted && !options.json) cli.stderr.write(`stopped: ${printable(target)} is as it was.\n`);
    throw error;
  }
}
