import type { Dispatcher } from 'undici';
import { decodeContent } from '../../../base/content-coding.ts';
import { SluiceError } from '../../../base/errors.ts';
import { type HttpHeaders, headerOf } from '../../../base/http-headers.ts';
import { notJson } from './classify.ts';

/** No answer that sluice asks for comes near this. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/**
 * The whole body as text. What a proxy has packed although nobody asked for it is unpacked.
 * @throws SluiceError `answer_too_large`, packed or unpacked; `forge_answer_invalid` where it cannot be unpacked
 */
export async function readBody(body: Dispatcher.ResponseData['body'], headers: HttpHeaders): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      body.destroy();
      throw tooLarge();
    }
    chunks.push(chunk);
  }
  const whole = Buffer.concat(chunks);
  const decoded = await decodeContent(whole, headerOf(headers, 'content-encoding') ?? '', MAX_BODY_BYTES);
  if (Buffer.isBuffer(decoded)) return decoded.toString('utf8');
  // A proxy may name what it has not done; whether it is JSON is seen by whoever reads it.
  if (decoded.fault === 'unknown') return whole.toString('utf8');
  if (decoded.fault === 'too large') throw tooLarge();
  const message = 'the answer is packed, and cannot be unpacked';
  throw new SluiceError('forge_answer_invalid', message, { operation: 'call', cause: decoded.cause });
}

function tooLarge(): SluiceError {
  return new SluiceError('answer_too_large', `the answer is longer than ${MAX_BODY_BYTES} bytes`);
}

/** Undefined where the text is no JSON. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    // Some proxies put a byte order mark before it.
    return { value: JSON.parse(text.replace(/^\uFEFF/, '')) };
  } catch {
    // What is no JSON is judged by the caller, who knows the status.
    return undefined;
  }
}

/** A 2xx that is no JSON: a page, or JSON that ends in the middle. */
export function unreadable(answer: Parameters<typeof notJson>[0], text: string): SluiceError {
  if (!/json/i.test(headerOf(answer.headers, 'content-type') ?? '')) return notJson(answer);
  return new SluiceError(
    'forge_answer_invalid',
    `${answer.host} answered ${answer.subject} with JSON that ends in the middle or is broken (${text.length} characters)`,
    { operation: 'call', subject: answer.subject },
  );
}

/** GitHub and Gitea say `message`, GitLab `message` or `error`, either of which may be an object. */
export function messageOf(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { message, error, error_description: description } = json as Record<string, unknown>;
  const said = [message, description, error].find(value => value !== undefined && value !== null);
  if (said === undefined) return undefined;
  return typeof said === 'string' ? said : JSON.stringify(said);
}
