import { spawn } from 'node:child_process';
import { SluiceError } from '../../base/errors.ts';
import { oneLine } from '../../base/text.ts';
import type { SendingLimits, SentPayload } from './payload.ts';

/** Of the station's environment a command sees this much: its secrets are none of the command's business. */
const PASSED_VARIABLES = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
/** Of standard error, for the message. */
const MAX_STDERR_CHARS = 500;

/**
 * Runs a command for a notification: no shell, the payload in `SLUICE_*` variables and as JSON on standard
 * input. Exit status 0 is success. It and all that it started are killed after `timeoutMs`, or when the signal aborts.
 * @throws SluiceError `notification_refused` where there is no such program, `notification_failed` for any other
 *   end, the signal's reason
 */
export async function runCommand(
  { program, args }: { readonly program: string; readonly args: readonly string[] },
  payload: SentPayload,
  { timeoutMs, signal }: SendingLimits,
): Promise<void> {
  signal.throwIfAborted();
  const child = spawn(program, args, {
    // A group of its own, so that all of it can be ended.
    detached: true,
    cwd: '/',
    env: environment(payload),
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARS);
  });
  // It need not read its input.
  child.stdin.on('error', () => undefined).end(`${JSON.stringify(payload)}\n`);
  const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const kill = (): void => killGroup(child.pid);
  stop.addEventListener('abort', kill, { once: true });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  try {
    const status = await promise;
    if (status === 0) return;
    signal.throwIfAborted();
    const why = stop.aborted
      ? `did not end within ${timeoutMs / 1000} s`
      : `ended with ${status ?? 'a signal'}`;
    const said = oneLine(stderr, MAX_STDERR_CHARS);
    throw new SluiceError('notification_failed', `${program} ${why}${said === '' ? '' : `: ${said}`}`);
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    signal.throwIfAborted();
    const message = `${program} cannot be run: ${error instanceof Error ? error.message : error}`;
    throw new SluiceError('notification_refused', message, { cause: error });
  } finally {
    stop.removeEventListener('abort', kill);
  }
}

/** What is text or a number in the payload, each under a name of its own. */
const VARIABLES: Readonly<Record<string, string>> = {
  id: 'SLUICE_NOTIFICATION',
  event: 'SLUICE_EVENT',
  repository: 'SLUICE_REPOSITORY',
  alert: 'SLUICE_ALERT',
  message: 'SLUICE_MESSAGE',
  hint: 'SLUICE_HINT',
  raisedAt: 'SLUICE_RAISED_AT',
  beganAt: 'SLUICE_BEGAN_AT',
  endedAt: 'SLUICE_ENDED_AT',
};

function environment(payload: SentPayload): NodeJS.ProcessEnv {
  const passed = PASSED_VARIABLES.map(name => [name, process.env[name]] as const);
  const given = Object.entries(VARIABLES).map(([key, name]) => [name, payload[key]] as const);
  return Object.fromEntries(
    [...passed, ...given]
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name, String(value)]),
  );
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: it has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
