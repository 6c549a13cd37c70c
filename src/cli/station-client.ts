import { request } from 'undici';
import { type ErrorCode, SluiceError } from '../base/errors.ts';
import type { Config } from '../config/schema.ts';
import { announcedUrl } from '../station/announce.ts';

interface StationError {
  readonly code?: ErrorCode;
  readonly detail?: string;
  readonly hint?: string;
}

/** The address of the station that runs on this root. Throws `not_found` where none does. */
async function stationUrl(config: Config): Promise<string> {
  const url = await announcedUrl(config.root);
  if (url !== undefined) return url;
  throw new SluiceError('not_found', `no station is running on ${config.root}`, {
    hint: 'Start one with "sluice up".',
  });
}

/**
 * Asks a running station over its API and answers what it answers, however long that takes: a manual sync ends when all
 * is delivered. Throws the station's own error where it has one, `host_unreachable` where it does not answer, the
 * signal's reason once that aborts.
 */
export async function askStation(
  config: Config,
  path: string,
  options: { readonly method: 'GET' | 'POST'; readonly body?: unknown; readonly signal: AbortSignal },
): Promise<unknown> {
  const url = await stationUrl(config);
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
    throw new SluiceError('host_unreachable', `the station at ${url} does not answer`, { cause: error });
  }
}
