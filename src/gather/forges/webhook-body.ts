import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import { parseBoundedJson } from '../../base/bounded-json.ts';
import { SluiceError } from '../../base/errors.ts';
import { type HttpHeaders, headerOf } from '../../base/http-headers.ts';

/** What all kinds of hosts' webhooks share: signatures, ids, bodies. */

/** Whether two texts are the same, in a time that tells nothing of where they differ, nor of their lengths. */
export function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

export function hmacSha256(key: string | Buffer, content: string | Buffer): Buffer {
  return createHmac('sha256', key).update(content).digest();
}

/** Whether `hex` is the HMAC-SHA256 of the body. False for an empty secret, which would prove nothing. */
export function isHexHmac(hex: string | undefined, rawBody: Buffer, secret: string): boolean {
  if (hex === undefined || secret === '') return false;
  return sameSecret(hex.toLowerCase(), hmacSha256(secret, rawBody).toString('hex'));
}

/** The host's id of a delivery; a hash of event and body where it sends none: two hooks may send the same body. */
export function deliveryIdOf(given: string | undefined, event: string, rawBody: Buffer): string {
  if (given !== undefined && /^[\w.:-]{1,200}$/.test(given)) return given;
  return `sha256:${createHash('sha256').update(`${event}\n`).update(rawBody).digest('hex')}`;
}

/**
 * The JSON of a body, which GitHub may also send as a form's field `payload`.
 * @throws SluiceError `body_invalid`
 */
export function webhookJson(headers: HttpHeaders, rawBody: Buffer): unknown {
  const isForm = headerOf(headers, 'content-type')?.startsWith('application/x-www-form-urlencoded');
  const text = isForm
    ? (new URLSearchParams(rawBody.toString('utf8')).get('payload') ?? '')
    : rawBody.toString('utf8');
  try {
    return parseBoundedJson(text);
  } catch (error) {
    throw new SluiceError('body_invalid', 'the webhook holds no JSON', {
      operation: 'read webhook',
      cause: error,
    });
  }
}

/** @throws SluiceError `body_invalid`, naming the first key that is not as it should be */
export function readWebhook<S extends z.ZodType>(schema: S, json: unknown, event: string): z.output<S> {
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  throw new SluiceError(
    'body_invalid',
    `the webhook ${event} lacks what it always has: ${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? ''}`,
    { operation: 'read webhook' },
  );
}
