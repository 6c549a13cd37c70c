import { type Clock, systemClock } from '../../../base/clock.ts';
import type { CallBudget } from '../../../engine/call-budgets/call-budget.ts';
import type { ForgeSettings } from '../forge.ts';
import { ApiClient } from './api-client.ts';

export interface TokenClientOptions {
  readonly budget: CallBudget;
  readonly clock?: Clock;
}

/**
 * The client of a host that knows tokens only, and counts a 304 as a call.
 * @param header the one that carries a token
 */
export function tokenClient(
  { host, apiUrl, credentials, timeoutMs }: ForgeSettings,
  { budget, clock = systemClock }: TokenClientOptions,
  header: (token: string) => Readonly<Record<string, string>>,
): ApiClient {
  return new ApiClient({
    host,
    apiUrl,
    timeoutMs,
    budget,
    clock,
    notModifiedCost: 1,
    credentials: credentials.filter(({ kind }) => kind === 'token'),
    headers: { accept: 'application/json', 'user-agent': 'sluice' },
    authorize: credential => (credential.kind === 'token' ? header(credential.token) : {}),
  });
}
