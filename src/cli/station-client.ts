import { Agent, fetch as fetchWith } from 'undici';
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

/** Answers take as long as they take: Node's own fetch gives up on one that has not begun after five minutes. */
const patient: typeof fetch = (url, init) =>
  fetchWith(
    String(url),
    Object.assign({}, init, { dispatcher: new Agent({ headersTimeout: 0, bodyTimeout: 0 }) }) as never,
  ) as unknown as Promise<Response>;

/**
 * Asks a running station for an operation of its API and answers what it answers, however long that takes: a manual
 * sync ends when all is delivered. Throws the station's own error where it has one, `not_found` where none runs,
 * `host_unreachable` where it breaks off, the signal's reason once that aborts.
 */
export async function askStation<Name extends OperationName>(
  config: Config,
  name: Name,
  given: Given<Name>,
  signal: AbortSignal,
): Promise<Answer<Name>> {
  const station = await stationOn(config);
  const client = createClient({ url: station.url, token: config.server.token, fetch: patient });
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
  const reason = cause instanceof TypeError ? (cause.cause ?? cause) : cause;
  if (asSluiceError(reason).code === 'host_unreachable')
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
