import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Context } from 'hono';
import { SluiceError } from '../base/errors.ts';

/** How much of request bodies may lie in memory at once. */
export interface BodyLimits {
  /** Of one body, where a route says nothing else. */
  readonly maxBytes: number;
  /** Of all that are being read or worked on. */
  readonly maxTotalBytes: number;
  /** Of those, what one sender may have. */
  readonly maxSenderBytes: number;
}

/** After this a body that found no room may be sent again. */
const BUSY_MS = 5_000;

/**
 * Bounds what request bodies take of the memory: each, all together, and those of one sender, whoever they are. What
 * counts is what has arrived, so that a body which is only announced takes no room from others.
 */
export class BodyBudget {
  readonly limits: BodyLimits;
  readonly #bySender = new Map<string, number>();
  #totalBytes = 0;

  constructor(limits: BodyLimits) {
    this.limits = limits;
  }

  /** Bytes of bodies that are held now. */
  get heldBytes(): number {
    return this.#totalBytes;
  }

  /**
   * Reads a body as it comes, and holds it until `use` is over.
   * @throws SluiceError `body_too_large` past `maxBytes`, `server_busy` where there is no room: the rest is not read
   */
  async read<T>(context: Context, maxBytes: number, use: (body: Buffer) => Promise<T> | T): Promise<T> {
    const request = context.req.raw;
    const tooLarge = new SluiceError('body_too_large', `the body is larger than ${maxBytes} bytes`);
    if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge;
    askForBody(context);
    const sender = senderOfRequest(context);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    try {
      for await (const chunk of request.body ?? []) {
        if (bytes + chunk.byteLength > maxBytes) throw tooLarge;
        this.#hold(sender, chunk.byteLength);
        bytes += chunk.byteLength;
        chunks.push(chunk);
      }
      return await use(Buffer.concat(chunks.splice(0)));
    } finally {
      this.#release(sender, bytes);
    }
  }

  #hold(sender: string, bytes: number): void {
    const own = (this.#bySender.get(sender) ?? 0) + bytes;
    const total = this.#totalBytes + bytes;
    if (own > this.limits.maxSenderBytes || total > this.limits.maxTotalBytes) {
      const message = 'the requests that are being read take all the memory that they may';
      throw new SluiceError('server_busy', message, { retryAfterMs: BUSY_MS });
    }
    this.#bySender.set(sender, own);
    this.#totalBytes = total;
  }

  #release(sender: string, bytes: number): void {
    const left = (this.#bySender.get(sender) ?? 0) - bytes;
    if (left > 0) this.#bySender.set(sender, left);
    else this.#bySender.delete(sender);
    this.#totalBytes -= bytes;
  }
}

/** Tells a client that waits for a word before it sends its body (RFC 9110, 10.1.1) to do so. */
function askForBody(context: Context): void {
  const { outgoing } = (context.env ?? {}) as { readonly outgoing?: ServerResponse };
  if (/^100-continue$/i.test(context.req.raw.headers.get('expect') ?? '')) outgoing?.writeContinue();
}

/** Who sends a request; all are one beside a socket. */
export function senderOfRequest(context: Context): string {
  return senderOf(addressOf(context));
}

/** The address that a request came from; undefined beside a socket. */
function addressOf(context: Context): string | undefined {
  const { incoming } = (context.env ?? {}) as { readonly incoming?: IncomingMessage };
  return incoming?.socket.remoteAddress;
}

/**
 * Who sends from an address: of IPv6 the network of 64 bits, since whoever has one address there has all of them. Pure.
 */
export function senderOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const first = groups(head);
  const missing = tail === undefined ? 0 : 8 - first.length - groups(tail).length;
  const all = [...first, ...Array.from({ length: missing }, () => '0'), ...groups(tail ?? '')];
  return `${all.slice(0, 4).join(':')}::/64`;
}
