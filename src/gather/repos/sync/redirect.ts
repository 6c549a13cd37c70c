import { SluiceError } from '../../../base/errors.ts';
import { harmlessUrl, shownUrl } from '../address/shown-url.ts';
import { parseRepositoryUrl, type RepositoryUrl } from '../address/url.ts';
import type { HttpCredentials } from '../git/credentials.ts';
import { pinnedLookup } from '../git/reach.ts';

/** By what each place on the way is judged and reached. */
export interface RedirectRules {
  /**
   * The only addresses that a place may be reached at; undefined when any will do.
   * @throws SluiceError `url_refused` for a place that may not be gone to at all
   */
  readonly addressesOf: (place: RepositoryUrl) => Promise<readonly string[] | undefined>;
  readonly credentialsFor: (place: RepositoryUrl) => Promise<HttpCredentials | undefined>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** More redirects than any host needs for one move. */
const MAX_HOPS = 5;
/** What git asks for first; a redirect that is about the repository keeps it at the end (git, http.c). */
const PROBE = '/info/refs?service=git-upload-pack';

/**
 * Where a repository is now whose address redirects (git itself follows none: a redirect could lead to an
 * address that was never judged). Each hop is judged as an address that the far side named: http or https, never
 * from https down to http, no credentials, and `rules.addressesOf` before a connection is made.
 * @throws SluiceError `repository_moved`, saying where it leads and why it is not followed; of the network
 *   `host_unreachable`, `timed_out`
 */
export async function followRedirects(address: RepositoryUrl, rules: RedirectRules): Promise<RepositoryUrl> {
  let place = address;
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    const location = await redirectOf(place, rules);
    if (location === undefined) {
      if (place !== address) return place;
      throw new SluiceError('repository_moved', `${address.url} redirects, but not to another repository`, {
        subject: address.url,
      });
    }
    place = await judgeRedirect(location, place, address, rules);
  }
  throw notFollowedError(address, place.url, `there are more than ${MAX_HOPS} redirects on the way`);
}

/** The absolute address that a place redirects to; undefined when it answers for itself, whatever it says. */
async function redirectOf(place: RepositoryUrl, rules: RedirectRules): Promise<string | undefined> {
  const addresses = await rules.addressesOf(place);
  const { Agent, request } = await import('undici');
  const agent = new Agent({
    connect: { timeout: rules.timeoutMs, lookup: addresses && pinnedLookup(addresses) },
  });
  const asked = place.remote + PROBE;
  const ask = async (credentials?: HttpCredentials) => {
    const { statusCode, headers, body } = await request(asked, {
      dispatcher: agent,
      headersTimeout: rules.timeoutMs,
      signal: rules.signal,
      // Forges send browsers to a page and git to the repository.
      headers: { 'user-agent': 'git/2 (sluice)', ...authorization(credentials) },
    });
    // The answer itself is of no interest; without a reader the connection would wait for one.
    body.on('error', () => undefined).destroy();
    return { statusCode, location: headers.location };
  };
  try {
    let { statusCode, location } = await ask();
    if (statusCode === 401) {
      const credentials = await rules.credentialsFor(place);
      if (credentials !== undefined) ({ statusCode, location } = await ask(credentials));
    }
    if (statusCode < 301 || statusCode > 308 || typeof location !== 'string') return undefined;
    return URL.parse(location, asked)?.href ?? location;
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    rules.signal.throwIfAborted();
    const message = `asking ${place.url} where it redirects to failed: ${error instanceof Error ? error.message : error}`;
    throw new SluiceError('host_unreachable', message, { subject: place.url, cause: error });
  } finally {
    await agent.destroy();
  }
}

function authorization(credentials: HttpCredentials | undefined): Record<string, string> {
  if (!credentials) return {};
  const { username, token } = credentials;
  return { authorization: `Basic ${Buffer.from(`${username}:${token}`).toString('base64')}` };
}

async function judgeRedirect(
  location: string,
  from: RepositoryUrl,
  original: RepositoryUrl,
  rules: RedirectRules,
): Promise<RepositoryUrl> {
  if (!location.endsWith(PROBE)) throw notFollowedError(original, location, 'that is no repository');
  try {
    const place = parseRepositoryUrl(location.slice(0, -PROBE.length), { from: 'api' });
    if (place.scheme !== 'https' && (place.scheme !== 'http' || from.scheme === 'https')) {
      throw notFollowedError(original, location, 'it is not encrypted as the address before it was');
    }
    await rules.addressesOf(place);
    return place;
  } catch (error) {
    if (!(error instanceof SluiceError) || !error.code.startsWith('url_')) throw error;
    throw notFollowedError(original, location, error.message);
  }
}

function notFollowedError(original: RepositoryUrl, location: string, why: string): SluiceError {
  const message = `${original.url} redirects to ${shownUrl(location.replace(PROBE, ''))}, which is not followed: ${why}`;
  return new SluiceError('repository_moved', message, {
    subject: original.url,
    hint: `If that is right, put ${harmlessUrl(location.replace(PROBE, ''))} in its place.`,
  });
}
