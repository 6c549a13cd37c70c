import { systemClock } from '../../../base/clock.ts';
import type { ForgeDependencies, ForgeSettings } from '../forge.ts';
import { ApiClient } from './api-client.ts';

/**
 * The client of a host that knows tokens only, and counts a 304 as a call.
 * @param header the one that carries a token
 */
export function tokenClient(
  { host, apiUrl, credentials, timeoutMs }: ForgeSettings,
  { budget, clock = systemClock }: ForgeDependencies,
  header: (token: string) => Readonly<Record<string, string>>,
): ApiClient {
  return new ApiClient({
    host,
    apiUrl,
    timeoutMs,
    budget,
    clock,
    notModifiedCost: 1,
    // docs.gitlab.com, "Users API"; docs.gitea.com, "Get the authenticated user".
    tokenCheckPath: '/user',
    credentials: credentials.filter(({ kind }) => kind === 'token'),
    headers: { accept: 'application/json', 'user-agent': 'sluice' },
    authorize: credential => (credential.kind === 'token' ? header(credential.token) : {}),
  });
}
