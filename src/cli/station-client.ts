import { type ErrorCode, SluiceError } from '../base/errors.ts';
import type { Config } from '../config/schema.ts';
import { announcedUrl } from '../station/announce.ts';

/** The address of the station that runs on this root. Throws `not_found` where none does. */
export async function stationUrl(config: Config): Promise<string> {
  const url = await announcedUrl(config.root);
  if (url !== undefined) return url;
  throw new SluiceError('not_found', `no station is running on ${config.root}`, {
    hint: 'Start one with "sluice up".',
  });
}

/**
 * Asks a running station over its API and answers what it answers. Throws the station's own error where it has one,
 * `host_unreachable` where it does not answer, the signal's reason once that aborts.
 */
export async function askStation(
  config: Config,
  path: string,
  options: { readonly method: 'GET' | 'POST'; readonly body?: unknown; readonly signal: AbortSignal },
): Promise<unknown> {
  const url = await stationUrl(config);
  const { token } = config.server;
  let response: Response;
  try {
    response = await fetch(url + path, {
      method: options.method,
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      signal: options.signal,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
  } catch (error) {
    options.signal.throwIfAborted();
    throw new SluiceError('host_unreachable', `the station at ${url} does not answer`, { cause: error });
  }
  const answer = (await response.json()) as { code?: ErrorCode; detail?: string; hint?: string };
  if (response.ok) return answer;
  const { code = 'internal', detail = `the station answered ${response.status}`, hint } = answer;
  throw new SluiceError(code, detail, hint === undefined ? {} : { hint });
}
