import type { Context } from 'hono';
import type { z } from 'zod';
import { SluiceError } from '../base/errors.ts';

/**
 * Reads and checks a JSON body. Throws `body_invalid` with every fault named, `body_too_large` past `maxBytes`
 * (the rest is not read).
 */
export async function readJson<T>(context: Context, schema: z.ZodType<T>, maxBytes: number): Promise<T> {
  const text = await readText(context.req.raw, maxBytes);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    const message = `the body is not JSON: ${error instanceof Error ? error.message : error}`;
    throw new SluiceError('body_invalid', message, { cause: error });
  }
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const faults = result.error.issues.map(issue => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new SluiceError('body_invalid', faults.join('; '));
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  return (await readBytes(request, maxBytes)).toString('utf8');
}

/** The body as it came. Throws `body_too_large` past `maxBytes` (the rest is not read). */
export async function readBytes(request: Request, maxBytes: number): Promise<Buffer> {
  const tooLarge = new SluiceError('body_too_large', `the body is larger than ${maxBytes} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads and checks query parameters. Throws `usage` with every fault named. */
export function readQuery<T>(context: Context, schema: z.ZodType<T>): T {
  const result = schema.safeParse(context.req.query());
  if (result.success) return result.data;
  const faults = result.error.issues.map(issue => `${issue.path.join('.') || 'query'}: ${issue.message}`);
  throw new SluiceError('usage', faults.join('; '));
}
