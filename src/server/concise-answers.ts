import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { MiddlewareHandler } from 'hono';
import { chooseCoding, entityTag, hasContent } from './negotiation.ts';

const compress = promisify(gzip);

/** What is smaller fits into a packet or two as it is. */
const SMALLEST_COMPRESSED_BYTES = 2048;
/** The least that gzip does: JSON becomes a fifth of itself or less, at some 10 ms of another thread a MiB. */
const LEVEL = 1;
const TEXTS = /^(?:application\/(?:[a-z.]+\+)?json|text\/)/;

/**
 * Answers that are made for each request go out compressed where they are long, and as 304 where the client has the
 * same already. Answers that are no text are left alone. Ranges are not served (RFC 9110, 14.2, leaves that open).
 */
export const conciseAnswers: MiddlewareHandler = async (context, next) => {
  await next();
  const { status, headers: given, body } = context.res;
  if (!body || !TEXTS.test(given.get('content-type') ?? '') || given.has('content-encoding')) return;
  const content = Buffer.from(await context.res.arrayBuffer());
  const headers = new Headers(given);
  headers.append('Vary', 'Accept-Encoding');
  headers.set('Accept-Ranges', 'none');
  const isKept = status === 200 && ['GET', 'HEAD'].includes(context.req.method);
  if (isKept) {
    const tag = entityTag(content);
    headers.set('ETag', tag);
    if (!headers.has('cache-control')) headers.set('Cache-Control', 'private, no-cache');
    if (hasContent(context.req.header('if-none-match'), tag)) {
      for (const name of ['content-type', 'content-length', 'accept-ranges']) headers.delete(name);
      replace(new Response(null, { status: 304, headers }));
      return;
    }
  }
  let sent = content;
  const isLong = content.length >= SMALLEST_COMPRESSED_BYTES;
  if (isLong && chooseCoding(context.req.header('accept-encoding'), ['gzip']) === 'gzip') {
    sent = await compress(content, { level: LEVEL });
    headers.set('Content-Encoding', 'gzip');
  }
  headers.set('Content-Length', String(sent.length));
  replace(new Response(new Uint8Array(sent), { status, headers }));

  function replace(response: Response): void {
    // Otherwise the headers of the one before would come back.
    context.res = undefined;
    context.res = response;
  }
};
