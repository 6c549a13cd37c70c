import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * What tests have to take away after themselves. A test that ends does so in `t.after`; a test process that ends
 * before, by SIGINT, SIGTERM or an error nobody caught, does so here, newest first.
 */
const undos = new Set<() => void>();

/** Runs `undo` if the process ends before the returned function is called. It must be synchronous. */
export function undoAtExit(undo: () => void): () => void {
  if (undos.size === 0 && process.listenerCount('exit', undoAll) === 0) {
    process.on('exit', undoAll);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => process.exit(128 + constants.signals[signal]));
    }
  }
  undos.add(undo);
  return () => undos.delete(undo);
}

function undoAll(): void {
  for (const undo of [...undos].reverse()) undo();
  undos.clear();
}

/** A new directory below the system's for temporary files, and what removes it. */
export function makeDirectory(name: string): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), `${name}-`));
  const undo = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  const forget = undoAtExit(undo);
  const remove = (): void => {
    undo();
    forget();
  };
  return { path, remove };
}

/** Kills a child that outlives this process's end, or its group if it leads one. */
export function killAtExit(child: ChildProcess, options: { readonly group?: boolean } = {}): void {
  const forget = undoAtExit(() => {
    if (child.pid === undefined) return;
    try {
      process.kill(options.group ? -child.pid : child.pid, 'SIGKILL');
    } catch {
      // ESRCH: it has just ended.
    }
  });
  child.once('exit', forget);
  child.once('error', forget);
}
