import { SluiceError } from '../../base/errors.ts';
import { openAgent } from '../../base/http-agent.ts';
import { proxyOf } from '../../base/proxy.ts';
import type { SendingLimits } from './payload.ts';

/** Answers that another try may change: too early, too many, or a fault of theirs. */
const TRANSIENT_STATUS: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Posts a notification as JSON. Redirects are not followed; any 2xx will do, and the answer's body is not read.
 * The URL may hold a secret in its path, so messages name its host only.
 * @throws SluiceError `notification_refused` (permanent), `notification_failed` (transient), the signal's reason
 */
export async function postWebhook(
  url: string,
  payload: Readonly<Record<string, unknown>>,
  { timeoutMs, signal }: SendingLimits,
): Promise<void> {
  const host = URL.parse(url)?.host;
  if (host === undefined) throw new SluiceError('notification_refused', 'notify.webhook is no URL');
  const late = AbortSignal.timeout(timeoutMs);
  const { request } = await import('undici');
  const proxy = proxyOf(new URL(url), process.env);
  const agent = proxy && (await openAgent({ connections: 1, connectTimeoutMs: timeoutMs, proxy }));
  try {
    const { statusCode, headers, body } = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'sluice' },
      body: JSON.stringify(payload),
      signal: AbortSignal.any([signal, late]),
    });
    body.on('error', () => undefined).destroy();
    if (statusCode >= 200 && statusCode < 300) return;
    throw refusal(host, statusCode, headers['retry-after']);
  } catch (error) {
    if (error instanceof SluiceError && error.code !== 'proxy_failed') throw error;
    signal.throwIfAborted();
    const why = late.aborted ? `no answer within ${timeoutMs / 1000} s` : causeOf(error);
    throw new SluiceError('notification_failed', `the webhook at ${host} failed: ${why}`, { cause: error });
  } finally {
    await agent?.destroy();
  }
}

function refusal(host: string, status: number, retryAfter: string | string[] | undefined): SluiceError {
  const isTransient = status >= 500 || TRANSIENT_STATUS.has(status);
  const seconds = Number(retryAfter);
  const retryAfterMs = retryAfter !== undefined && Number.isFinite(seconds) ? seconds * 1000 : undefined;
  return new SluiceError(
    isTransient ? 'notification_failed' : 'notification_refused',
    `the webhook at ${host} answered ${status}`,
    { retryAfterMs },
  );
}

/** An error of undici may repeat the URL; its code does not. */
function causeOf(error: unknown): string {
  if (error instanceof SluiceError) return error.message;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'the connection broke';
}
