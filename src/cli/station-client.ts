import { type Dispatcher, request } from 'undici';
import type { Answer, Given } from '../api/operations.ts';
import type { OperationName } from '../api/paths.ts';
import { asSluiceError, CATALOGUE, type ErrorCode, SluiceError } from '../base/errors.ts';
import { createClient, StationProblem } from '../client/client.ts';
import type { Config } from '../config/schema.ts';
import { type Announcement, announced } from '../station/announce.ts';

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
 * As fetch, with the answer whole. That one gives up on an answer that has not begun after five minutes, and asks at no
 * port that browsers keep from pages.
 */
const patientFetch: typeof fetch = async (url, { method = 'GET', headers, body, signal } = {}) => {
  const {
    statusCode,
    headers: answered,
    body: answer,
  } = await request(String(url), {
    method: method as Dispatcher.HttpMethod,
    headers: Object.fromEntries(new Headers(headers)),
    body: typeof body === 'string' ? body : null,
    signal: signal ?? undefined,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const type = answered['content-type'];
  // Bytes: text would be taken for text/plain.
  const bytes = await answer.arrayBuffer();
  return new Response(bytes.byteLength > 0 ? bytes : null, {
    status: statusCode,
    headers: typeof type === 'string' ? { 'content-type': type } : {},
  });
};

/**
 * Asks a running station for an operation of its API and answers what it answers, however long that takes: a manual
 * sync ends when all is delivered. Throws the station's own error where it has one, `not_found` where none runs,
 * `host_unreachable` where it breaks off, the signal's reason once that aborts.
 */
export async function askStation<Name extends Exclude<OperationName, 'listEvents'>>(
  config: Config,
  name: Name,
  given: Given<Name>,
  signal: AbortSignal,
): Promise<Answer<Name>> {
  const station = await stationOn(config);
  const client = createClient({ url: station.url, token: config.server.token, fetch: patientFetch });
  try {
    return await client[name](given, { signal });
  } catch (error) {
    if (error instanceof StationProblem && error.code !== undefined) throw asStationError(error);
    signal.throwIfAborted();
    throw silence(station, config, error);
  }
}

/** What a station said is wrong, as an error of our own. */
function asStationError({ code, message, hint }: StationProblem): SluiceError {
  const known = code !== undefined && Object.hasOwn(CATALOGUE, code) ? (code as ErrorCode) : 'internal';
  return new SluiceError(known, message, { hint });
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
