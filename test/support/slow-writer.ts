import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** Another process that holds a file open for writing and does as messages say. */
export interface SlowWriter {
  /** Appends 5 bytes. */
  write(): Promise<void>;
  /** Closes the file and ends the process. */
  close(): Promise<void>;
}

const SCRIPT = 'exec 3>"$1"; echo opened; while read order; do printf 12345 >&3; echo wrote; done';

export async function slowWriter(t: TestContext, path: string): Promise<SlowWriter> {
  const child: ChildProcess = spawn('sh', ['-c', SCRIPT, 'sh', path], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const answer = async (): Promise<void> => {
    if (child.stdout) await once(child.stdout, 'data');
  };
  await answer();
  return {
    write: async () => {
      child.stdin?.write('\n');
      await answer();
    },
    close: async () => {
      child.stdin?.end();
      await once(child, 'exit');
    },
  };
}
