import { systemClock } from '../../src/base/clock.ts';
import { runCli } from '../../src/cli/program.ts';

/**
 * Runs a command line in this process: one that needs neither a database nor a network.
 * @param columns of the terminal that both outputs are, if they are one
 */
export async function runHere(args: readonly string[], env: NodeJS.ProcessEnv = {}, columns?: number) {
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  let stdout = '';
  let stderr = '';
  const code = await runCli(args, {
    version: '1.2.3',
    program: 'sluice',
    clock: systemClock,
    env,
    cwd: '/',
    stdout: { ...terminal, write: text => (stdout += text) },
    stderr: { ...terminal, write: text => (stderr += text) },
    webFolder: '/none',
    openStores: () => Promise.reject(new Error('no command of these opens a database')),
    openStore: () => Promise.reject(new Error('no command of these opens a database')),
    openLocal: () => Promise.reject(new Error('no command of these opens a journal')),
    loadObjectStores: () => Promise.reject(new Error('no command of these opens a store')),
    loadForges: () => Promise.reject(new Error('no command of these asks a code host')),
    stopSignal: () => new AbortController().signal,
  });
  return { code, stdout, stderr };
}
