import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { SluiceError } from '../base/errors.ts';
import { toProblem } from './problem.ts';

/** What is answered to a request that Node could not read, by its code; all else is no HTTP. */
const REFUSALS: Readonly<Record<string, readonly [status: number, detail: string, hint: string]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    'address and headers of the request are longer than 16 KiB together',
    'Ask for less at once, or send what is long in the body.',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [
    413,
    'the chunks of the body have too much beside them',
    'Send plain chunks.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    408,
    'the request did not come whole in time',
    'Send it faster, or set server.requestTimeout to more.',
  ],
};
const NO_HTTP = [400, 'what came is no request of HTTP', 'Speak HTTP to this port.'] as const;

/**
 * Has the server answer requests that never reach the app (too long, too slow, no HTTP) with problem details as all
 * others, and hang up on who sent them.
 */
export function answerUnread(server: Server): void {
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.on('request', ({ socket }, response) => {
    answers.set(socket, response);
    response.once('close', () => answers.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Where an answer has begun, another one would stand in its midst.
    const hasBegun = answers.get(socket)?.headersSent === true;
    if (socket.writable && !hasBegun) socket.write(answerTo(error.code));
    socket.destroy(error);
  });
}

function answerTo(code = ''): string {
  const [status, detail, hint] = Object.hasOwn(REFUSALS, code) ? (REFUSALS[code] ?? NO_HTTP) : NO_HTTP;
  const body = JSON.stringify({ ...toProblem(new SluiceError('usage', detail, { hint })), status });
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
