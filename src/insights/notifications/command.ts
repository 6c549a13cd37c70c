import { SluiceError } from '../../base/errors.ts';
import { runCommand } from '../../base/run-command.ts';
import type { SendingLimits, SentPayload } from './payload.ts';

/**
 * Runs a command for a notification, as `runCommand` does.
 * @throws SluiceError `notification_refused` where there is no such program, `notification_failed` for any other
 *   end, the signal's reason
 */
export async function sendByCommand(
  { program, args }: { readonly program: string; readonly args: readonly string[] },
  payload: SentPayload,
  { timeoutMs, signal }: SendingLimits,
): Promise<void> {
  const variables = Object.fromEntries(Object.entries(VARIABLES).map(([key, name]) => [name, payload[key]]));
  const end = await runCommand([program, ...args], { input: payload, variables, timeoutMs, signal });
  if (end.isGood) return;
  throw new SluiceError(end.isMissing ? 'notification_refused' : 'notification_failed', end.why);
}

/** What is text or a number in the payload, each under a name of its own. */
const VARIABLES: Readonly<Record<string, string>> = {
  id: 'SLUICE_NOTIFICATION',
  event: 'SLUICE_EVENT',
  repository: 'SLUICE_REPOSITORY',
  alert: 'SLUICE_ALERT',
  message: 'SLUICE_MESSAGE',
  hint: 'SLUICE_HINT',
  raisedAt: 'SLUICE_RAISED_AT',
  beganAt: 'SLUICE_BEGAN_AT',
  endedAt: 'SLUICE_ENDED_AT',
};
