import { type ErrorCode, SluiceError } from '../../../base/errors.ts';

/** What an answer may say of the credential alone: another one may do. */
const OF_CREDENTIAL: ReadonlySet<ErrorCode> = new Set(['token_refused', 'rate_limited', 'scope_missing']);

/** Whether a failure may be the credential's alone, so that another one may do. */
export function isOfCredential({ code }: SluiceError): boolean {
  return OF_CREDENTIAL.has(code);
}

/**
 * What two credentials' failures say together. One that sees nothing there outweighs one that may not look; where one
 * had to wait, nobody knows yet what it sees.
 */
export function failureOfBoth(before: SluiceError | undefined, now: SluiceError): SluiceError {
  if (before === undefined) return now;
  const codes = [before.code, now.code];
  if (
    !codes.includes('forge_missing') ||
    !codes.every(code => code === 'forge_missing' || OF_CREDENTIAL.has(code))
  ) {
    return now;
  }
  const waiting = [before, now].find(({ code }) => code === 'rate_limited');
  if (waiting) return ofSomeCredentials(waiting);
  return before.code === 'forge_missing' ? before : now;
}

/**
 * Why a call did not go with any credential: what the host said to the first ones, or what the budget says of the rest,
 * where waiting for those would help.
 */
export function failureToTake(failure: SluiceError | undefined, denied: unknown): unknown {
  if (failure === undefined || !(denied instanceof SluiceError) || denied.code === 'cancelled') return denied;
  if (denied.code !== 'rate_limited' || failure.code === 'scope_missing') return failure;
  // Some of them have not been asked whether they see it; that is no word about the others.
  if (failure.code === 'forge_missing') return ofSomeCredentials(denied);
  const waitMs = failure.code === 'rate_limited' ? (failure.retryAfterMs ?? 0) : Number.POSITIVE_INFINITY;
  return (denied.retryAfterMs ?? 0) < waitMs ? denied : failure;
}

/** A failure of some of a host's credentials: the others, and what they are for, are not concerned. */
export function ofSomeCredentials(error: SluiceError): SluiceError {
  if (error.code !== 'token_refused' && error.code !== 'rate_limited') return error;
  const { message, operation, subject, hint, retryAfterMs } = error;
  const details = { operation, subject, hint, retryAfterMs, cause: error };
  return new SluiceError(error.code, message, { ...details, answer: 'hold', holds: 'profile' });
}
