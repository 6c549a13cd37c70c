import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { TLSSocket } from 'node:tls';
import { Agent, buildConnector, type Dispatcher, request } from 'undici';
import type { Answer, Given } from '../api/operations.ts';
import type { OperationName } from '../api/paths.ts';
import { asFileError, asSluiceError, CATALOGUE, type ErrorCode, SluiceError } from '../base/errors.ts';
import { createClient, StationProblem } from '../client/client.ts';
import type { Config } from '../config/schema.ts';
import { type Announcement, announced, announcedPassing, type PassingStation } from '../station/announce.ts';

/** What the station on this root said when it came up. Throws `not_found` where none did. */
async function stationOn({ root }: Pick<Config, 'root'>): Promise<Announcement> {
  const found = await announced(root);
  if (found !== undefined) return found;
  const passing = await passingStation(root);
  if (passing) {
    const words = `the station on ${root} is still ${passing.passing} (process ${passing.pid})`;
    throw noStation(words, undefined, 'Try again in a moment; its log says how far it is.');
  }
  throw noStation(`no station is running on ${root}`);
}

function noStation(words: string, cause?: unknown, hint = 'Start one with "sluice up".'): SluiceError {
  return new SluiceError('not_found', words, { cause, hint });
}

/**
 * As fetch, with the answer whole. That one gives up on an answer that has not begun after five minutes, and asks at no
 * port that browsers keep from pages.
 * @param dispatcher what connects, where that is not for undici to say
 */
async function patientFetch(
  url: Parameters<typeof fetch>[0],
  { method = 'GET', headers, body, signal }: RequestInit = {},
  dispatcher?: Dispatcher,
): Promise<Response> {
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
    dispatcher,
  });
  const type = answered['content-type'];
  // Bytes: text would be taken for text/plain.
  const bytes = await answer.arrayBuffer();
  return new Response(bytes.byteLength > 0 ? bytes : null, {
    status: statusCode,
    headers: typeof type === 'string' ? { 'content-type': type } : {},
  });
}

/**
 * Connects to the station here by its own certificate, which is known: it is for the names that others use, and not for
 * the address at which it listens.
 * @param file the certificate's, with those of its issuers
 * @throws SluiceError what says that the file cannot be read
 */
async function certificateDispatcher(file: string): Promise<Dispatcher> {
  const own = new X509Certificate(
    await readFile(file).catch(error => {
      throw asFileError(error, { operation: 'read certificate', subject: file });
    }),
  );
  const connect = buildConnector({ rejectUnauthorized: false });
  return new Agent({
    connect: (options, done) =>
      connect(options, (error, socket) => {
        if (error) return done(error, null);
        if ((socket as TLSSocket).getPeerX509Certificate()?.fingerprint256 === own.fingerprint256)
          return done(null, socket);
        socket.destroy();
        done(
          new SluiceError(
            'tls_failed',
            `what answers at ${options.host} has another certificate than ${file}`,
            {
              hint: 'If it was renewed just now, try again in some seconds; else see what listens there.',
            },
          ),
          null,
        );
      }),
  });
}

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
  const { tls, token } = config.server;
  const isTls = station.url.startsWith('https:');
  if (isTls && tls?.cert === undefined) {
    throw new SluiceError(
      'usage',
      `the station at ${station.url} speaks TLS, and the configuration here has no certificate`,
      {
        hint: 'Name the configuration that the station was started with: --config FILE.',
      },
    );
  }
  const dispatcher = isTls && tls?.cert !== undefined ? await certificateDispatcher(tls.cert) : undefined;
  const client = createClient({
    url: station.url,
    token,
    fetch: (url, init) => patientFetch(url, init, dispatcher),
  });
  try {
    return await client[name](given, { signal });
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    if (error instanceof StationProblem && error.code !== undefined) throw asStationError(error);
    signal.throwIfAborted();
    throw silence(station, config, error);
  } finally {
    await dispatcher?.destroy();
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

/** The station on the root that cannot be asked yet, or no longer; undefined where there is none. */
export async function passingStation(root: string): Promise<PassingStation | undefined> {
  const found = await announcedPassing(root);
  return found && isAlive(found.pid) ? found : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    // There, and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
