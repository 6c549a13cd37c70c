import { SluiceError } from '../../../base/errors.ts';
import type { ForgeCredential } from '../forge.ts';

type Headers = Readonly<Record<string, string>>;

/**
 * Makes the header that carries a credential: tokens as they are, Apps by an installation token, which is asked
 * for once an hour (that call goes past the budget: it has a limit of its own).
 */
export function githubAuthorize(
  apiUrl: string,
  host: string,
): (credential: ForgeCredential, signal: AbortSignal) => Promise<Headers> {
  const installations = new Map<string, ReturnType<typeof installationToken>>();
  return async (credential, signal) => {
    if (credential.kind === 'token') return { authorization: `Bearer ${credential.token}` };
    let token = installations.get(credential.id);
    if (token === undefined) {
      token = installationToken(credential, apiUrl, host);
      installations.set(credential.id, token);
    }
    return { authorization: `Bearer ${await (await token)(signal)}` };
  };
}

/** The library of Apps is loaded by those who use one. */
async function installationToken(
  { id, appId, privateKey, installationId }: Extract<ForgeCredential, { kind: 'app' }>,
  apiUrl: string,
  host: string,
): Promise<(signal: AbortSignal) => Promise<string>> {
  const [{ createAppAuth }, { request }] = await Promise.all([
    import('@octokit/auth-app'),
    import('@octokit/request'),
  ]);
  let current: AbortSignal | undefined;
  const fetchOnce: typeof fetch = (input, init) =>
    fetch(input, { ...init, redirect: 'error', signal: current ?? null });
  const auth = createAppAuth({
    appId,
    privateKey,
    installationId,
    request: request.defaults({ baseUrl: apiUrl, request: { fetch: fetchOnce } }),
    log: { warn: () => {} },
  });
  return async signal => {
    current = signal;
    try {
      return (await auth({ type: 'installation' })).token;
    } catch (error) {
      throw appFailure(error, id, host);
    }
  };
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
