import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface ProxyServer {
  /** `http://127.0.0.1:port`. */
  readonly address: string;
  /** What went through: `GET http://host/path`, `CONNECT host:port`; with the user where one was given. */
  readonly seen: string[];
  /** Answers everything with this status instead of passing it on; 0: closes the connection. */
  refusal: number | undefined;
}

/** A little forward proxy, which takes every host for 127.0.0.1. @param user `user:password` that it wants */
export async function startProxy(t: TestContext, user?: string): Promise<ProxyServer> {
  const state: { -readonly [K in keyof ProxyServer]: ProxyServer[K] } = {
    address: '',
    seen: [],
    refusal: undefined,
  };
  const sockets = new Set<net.Socket>();
  const note = (request: http.IncomingMessage): number | undefined => {
    const given = String(request.headers['proxy-authorization'] ?? '').replace('Basic ', '');
    const name = Buffer.from(given, 'base64').toString();
    state.seen.push(`${request.method} ${request.url}${name === '' ? '' : ` as ${name}`}`);
    return state.refusal ?? (user !== undefined && name !== user ? 407 : undefined);
  };
  const server = http.createServer((request, response) => {
    const refusal = note(request);
    if (refusal === 0) return void request.socket.destroy();
    if (refusal !== undefined) return void response.writeHead(refusal).end('<html>proxy</html>');
    const url = new URL(request.url ?? '');
    const { 'proxy-authorization': _, ...headers } = request.headers;
    const options = {
      host: '127.0.0.1',
      port: url.port || 80,
      path: url.pathname + url.search,
      method: request.method,
      headers,
    };
    const onward = http.request(options, answer => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
    onward.on('continue', () => response.writeContinue());
    onward.on('error', () => request.socket.destroy());
    request.pipe(onward);
  });
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  server.on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
    const refusal = note(request);
    if (refusal === 0) return void socket.destroy();
    if (refusal !== undefined) return void socket.end(`HTTP/1.1 ${refusal} No\r\ncontent-length: 0\r\n\r\n`);
    const onward = net.connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  server.on('connection', socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  state.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}
