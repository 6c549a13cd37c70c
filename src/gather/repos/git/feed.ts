import type { GitOutput, GitProcess } from './spawn.ts';

/**
 * Has one git read what another writes, directly from one to the other; the two count as one process, with the input of
 * the one that writes and the output of the one that reads. Where both fail, the error is the reader's: the other one
 * then only lost whom it wrote to.
 *
 * @param start starts the git that writes, with its output
 */
export function feed(reader: GitProcess, start: (output: GitOutput) => GitProcess): GitProcess {
  const { stdin } = reader;
  // Stopped before the other one is even there: then nobody reads what that one writes.
  const target = stdin.destroyed ? 'ignore' : stdin;
  // With our copy gone, the reader's input ends when the writer does.
  const writer = start({ target, started: () => stdin.destroy() });
  const settle = async (): Promise<void> => {
    const [read, written] = await Promise.allSettled([reader.done, writer.done]);
    if (read.status === 'rejected') throw read.reason;
    if (written.status === 'rejected') throw written.reason;
  };
  const done = settle();
  // As with a single process: whoever reads stdout gets to `done` later.
  done.catch(() => undefined);
  return { pid: reader.pid, stdin: writer.stdin, stdout: reader.stdout, done };
}
