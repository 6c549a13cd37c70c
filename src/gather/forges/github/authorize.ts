import { SluiceError } from '../../../base/errors.ts';
import type { ForgeCredential } from '../forge.ts';
import { type AppHost, type InstallationTokens, installationTokens } from './installation-tokens.ts';

type Headers = Readonly<Record<string, string>>;

/** Makes the header that carries a credential: tokens as they are, Apps by a token of their installation. */
export function githubAuthorize(
  at: AppHost,
  tokens: InstallationTokens = installationTokens,
): (credential: ForgeCredential, signal: AbortSignal) => Promise<Headers> {
  return async (credential, signal) => {
    if (credential.kind === 'token') return { authorization: `Bearer ${credential.token}` };
    const token = await untilAborted(tokens.tokenOf(credential, at), signal);
    return { authorization: `Bearer ${token}` };
  };
}

/** Others may wait for the same token: only this wait ends. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void =>
      reject(signal.reason ?? new SluiceError('cancelled', 'stopped on request', { operation: 'authorize' }));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
