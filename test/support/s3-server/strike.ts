import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorDocument, S3Error } from './errors.ts';
import type { Fault } from './faults.ts';
import type { Reply } from './operations.ts';

/** The connection was cut or silenced on purpose: there is nothing to answer. */
export class StruckDown extends Error {}

/** Faults that need nothing of the request; true when the answer has been given or never will be. */
export function answerFault(fault: Fault, request: IncomingMessage, response: ServerResponse): boolean {
  if (fault.kind === 'reset' && fault.afterBytes === 0) {
    request.socket.resetAndDestroy();
    return true;
  }
  if (fault.kind === 'stall' && fault.afterBytes === 0) {
    request.pause();
    return true;
  }
  if (fault.kind === 'error') {
    const error = new S3Error(fault.status, fault.code ?? '', fault.message ?? 'injected', {
      elements: { ...fault.elements },
    });
    const body =
      fault.code === undefined || request.method === 'HEAD' ? '' : errorDocument(error, 'injected');
    response.writeHead(fault.status, {
      connection: 'close',
      date: new Date().toUTCString(),
      ...fault.headers,
    });
    response.end(body);
    return true;
  }
  if (fault.kind === 'truncated-xml') {
    const body = errorDocument(new S3Error(fault.status, fault.code, 'cut off'), 'injected');
    const cut = body.slice(0, body.indexOf('</Code>') + '</Code><Mess'.length);
    response.writeHead(fault.status, { 'content-type': 'application/xml', connection: 'close' });
    response.end(cut);
    return true;
  }
  if (fault.kind === 'html') {
    response.writeHead(fault.status, { 'content-type': 'text/html', connection: 'close' });
    response.end('<!DOCTYPE html><html><body><h1>Please log in</h1></body></html>');
    return true;
  }
  return false;
}

/** The body of a request, cut, stalled or slowed as the fault wants it. */
export async function* faultyChunks(
  request: IncomingMessage,
  fault: Fault | undefined,
): AsyncGenerator<Buffer> {
  let received = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    received += chunk.length;
    if (fault?.kind === 'reset' && received >= fault.afterBytes) {
      request.socket.resetAndDestroy();
      throw new StruckDown();
    }
    if (fault?.kind === 'stall' && received >= fault.afterBytes) {
      request.pause();
      await once(request.socket, 'close');
      throw new StruckDown();
    }
    if (fault?.kind === 'slow') {
      const ticks = Math.ceil(chunk.length / fault.bytesPerTick);
      for (let tick = 0; tick < ticks; tick += 1)
        await new Promise(resolve => setTimeout(resolve, fault.tickMs));
    }
    yield chunk;
  }
}

export function spoiled(reply: Reply, fault: Fault | undefined): Reply {
  if (fault?.kind !== 'wrong-checksum') return reply;
  return { ...reply, headers: { ...reply.headers, 'x-amz-checksum-crc32': 'AAAAAA==' } };
}
