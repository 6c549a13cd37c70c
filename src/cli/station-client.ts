import { request } from 'undici';
import { asSluiceError, type ErrorCode, SluiceError } from '../base/errors.ts';
import type { Config } from '../config/schema.ts';
import { type Announcement, announced } from '../station/announce.ts';

interface StationError {
  readonly code?: ErrorCode;
  readonly detail?: string;
  readonly hint?: string;
}

/** What the station on this root said when it came up. Throws `not_found` where none did. */
async function stationOn({ root }: Config): Promise<Announcement> {
  const found = await announced(root);
  if (found !== undefined) return found;
  throw noStation(`no station is running on ${root}`);
}

function noStation(words: string, cause?: unknown): SluiceError {
  return new SluiceError('not_found', words, { cause, hint: 'Start one with "sluice up".' });
}

/**
 * Asks a running station over its API and answers what it answers, however long that takes: a manual sync ends when all
 * is delivered. Throws the station's own error where it has one, `not_found` where none runs, `host_unreachable` where
 * it breaks off, the signal's reason once that aborts.
 */
export async function askStation(
  config: Config,
  path: string,
  options: { readonly method: 'GET' | 'POST'; readonly body?: unknown; readonly signal: AbortSignal },
): Promise<unknown> {
  const station = await stationOn(config);
  const { url } = station;
  const { token } = config.server;
  const { method, body, signal } = options;
  try {
    // Not fetch(): that gives up on an answer that has not begun after five minutes.
    const { statusCode, body: answer } = await request(url + path, {
      method,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const reply = (await answer.json()) as StationError;
    if (statusCode < 400) return reply;
    const { code = 'internal', detail = `the station answered ${statusCode}`, hint } = reply;
    throw new SluiceError(code, detail, { hint });
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    signal.throwIfAborted();
    throw silence(station, config, error);
  }
}

/** A station that was killed leaves its announcement: then none runs, and no network is to blame. */
function silence({ url, pid }: Announcement, { root }: Config, cause: unknown): SluiceError {
  if (!isAlive(pid)) return noStation(`no station is running on ${root}: process ${pid} has ended`, cause);
  if (asSluiceError(cause).code === 'host_unreachable')
    return noStation(`no station is running on ${root}: nothing listens at ${url}, where one did`, cause);
  return new SluiceError('host_unreachable', `the station at ${url} (process ${pid}) broke off its answer`, {
    cause,
    hint: 'See what it logs; it may be stopping.',
  });
}

/** Whether a station said that it runs on the root, and its process has not ended. */
export async function isStationUp({ root }: Pick<Config, 'root'>): Promise<boolean> {
  const found = await announced(root);
  return found !== undefined && isAlive(found.pid);
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    // There, and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
