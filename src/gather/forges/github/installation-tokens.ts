import { systemClock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { ForgeCredential } from '../forge.ts';

type AppCredential = Extract<ForgeCredential, { kind: 'app' }>;

/** What an installation's token is asked for at, besides the credential. */
export interface AppHost {
  /** As it is named under `hosts:`. */
  readonly host: string;
  readonly apiUrl: string;
}

interface InstallationToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

/** A token must live for so long when it is handed out: a clone may wait for its turn before it asks. */
const LEAST_LIFE_MS = 10 * 60_000;
/** A question for a token that is not answered ends after so long. */
const ASK_TIMEOUT_MS = 30_000;

/**
 * Tokens of a GitHub App's installations, which live for an hour: asked for when one is needed, shared by all who need
 * it, and asked for anew before it ends (docs.github.com, "Authenticating as a GitHub App installation"). The question
 * goes past the call budget: it has a limit of its own.
 *
 *   unknown ──asked for──▶ known ──less than ten minutes left, or renew()──▶ unknown
 */
export class InstallationTokens {
  readonly #tokens = new Map<string, Promise<InstallationToken>>();

  /**
   * @throws SluiceError `token_refused` where App, key or installation are not accepted; of the network as `Forge`
   *   promises
   */
  async tokenOf(credential: AppCredential, at: AppHost): Promise<string> {
    const name = nameOf(credential, at);
    const known = await this.#tokens.get(name)?.catch(() => undefined);
    if (known !== undefined && known.expiresAtMs - systemClock.nowMs() > LEAST_LIFE_MS) return known.token;
    const asking = this.#ask(name, credential, at);
    return (await asking).token;
  }

  /** Has the next one asked for anew: the host refuses this one before its time. */
  renew(credential: AppCredential, at: AppHost): void {
    this.#tokens.delete(nameOf(credential, at));
  }

  #ask(name: string, credential: AppCredential, at: AppHost): Promise<InstallationToken> {
    const token = askForToken(credential, at);
    this.#tokens.set(name, token);
    token.catch(() => {
      if (this.#tokens.get(name) === token) this.#tokens.delete(name);
    });
    return token;
  }
}

/** The station's own: its API calls and its clones share them. */
export const installationTokens = new InstallationTokens();

function nameOf({ identity, privateKey }: AppCredential, { apiUrl }: AppHost): string {
  return `${apiUrl}\n${identity}\n${privateKey}`;
}

/** The library of Apps is loaded by those who use one. */
async function askForToken(credential: AppCredential, { host, apiUrl }: AppHost): Promise<InstallationToken> {
  const { id, appId, privateKey, installationId } = credential;
  const [{ createAppAuth }, { request }] = await Promise.all([
    import('@octokit/auth-app'),
    import('@octokit/request'),
  ]);
  const fetchOnce: typeof fetch = (input, init) =>
    fetch(input, { ...init, redirect: 'error', signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
  try {
    const auth = createAppAuth({
      appId,
      privateKey,
      installationId,
      request: request.defaults({ baseUrl: apiUrl, request: { fetch: fetchOnce } }),
      log: { warn: () => {} },
    });
    const { token, expiresAt } = await auth({ type: 'installation' });
    return { token, expiresAtMs: Date.parse(expiresAt) };
  } catch (error) {
    throw appFailure(error, id, host);
  }
}

function appFailure(error: unknown, id: string, host: string): unknown {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 0;
  if (status === 401 || status === 403 || status === 404) {
    const why =
      status === 404
        ? 'there is no such installation of the App'
        : 'the App id or its private key is not accepted';
    return new SluiceError('token_refused', `${id} of ${host}: ${why} (HTTP ${status})`, {
      operation: 'authorize',
      hint: `Compare hosts["${host}"].app in sluice.yaml with the App's page at the host.`,
    });
  }
  if (status === 0 && error instanceof Error && /key|PEM|DECODER|asn1/i.test(error.message)) {
    return new SluiceError('token_refused', `${id} of ${host}: the private key cannot be read`, {
      operation: 'authorize',
      hint: `hosts["${host}"].app.privateKeyFile must be the PEM file that the host offered for download.`,
    });
  }
  if (status >= 500) {
    return new SluiceError('host_failing', `${host} answered HTTP ${status} when asked for a token of ${id}`);
  }
  // Network failures of fetch carry what went wrong as their cause.
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}
