import type { Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, isIPv6, type Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Clock } from '../base/clock.ts';
import { SluiceError } from '../base/errors.ts';
import type { Service } from '../base/lifecycle.ts';
import { type Logger, silentLogger } from '../base/log.ts';
import type { FaultBoard } from '../base/ongoing-faults.ts';
import { senderOf } from './body-budget.ts';
import { readServerCertificate, type TlsFiles } from './certificate-files.ts';
import { CertificateRenewal, LEAST_TLS_VERSION } from './certificate-renewal.ts';
import { answerUnread } from './unread-requests.ts';

export interface HttpServerOptions {
  readonly app: Hono;
  readonly clock: Clock;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** How long a client may take to send its whole request, and how long it may take nothing of an answer. */
  readonly requestTimeoutMs: number;
  /** Speaks TLS with these, which are read again when they are renewed; plain HTTP without. */
  readonly tls?: TlsFiles | undefined;
  /** Hears of renewals. */
  readonly log?: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Hears of those that fail, as long as they do. */
  readonly faults?: FaultBoard;
}

const CHECK_CLIENTS_EVERY_MS = 5_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** Each costs a file descriptor and some KiB, whoever has opened it. A proxy before the station opens many, too. */
const MAX_CONNECTIONS = 1024;
const MAX_CONNECTIONS_OF_ONE = 256;
/** Answers under way get this long once the station stops; then their connections are closed. */
const CLOSE_GRACE_MS = 2_000;

/** The socket. `url()` is known once started. */
export interface HttpServer extends Service {
  url(): string;
}

/** Listens for the app. start() throws `port_in_use`, and `config_invalid` for a certificate that is none; stop() ends idle connections at once and the rest soon. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { app, clock, host, port, requestTimeoutMs, tls, log = silentLogger, faults } = options;
  let server: Server | undefined;
  let renewal: CertificateRenewal | undefined;

  return {
    name: 'http server',
    async start() {
      const certificate = tls && readServerCertificate(tls);
      const headersTimeout = Math.min(requestTimeoutMs, 15_000);
      const created = createAdaptorServer({
        fetch: app.fetch,
        createServer: certificate && createTlsServer,
        serverOptions: {
          cert: certificate?.cert,
          key: certificate?.key,
          minVersion: LEAST_TLS_VERSION,
          handshakeTimeout: headersTimeout,
          requestTimeout: requestTimeoutMs,
          headersTimeout,
          // Node checks for late clients only so often, every 30 s unless set otherwise.
          connectionsCheckingInterval: Math.min(requestTimeoutMs, CHECK_CLIENTS_EVERY_MS),
          maxHeaderSize: MAX_HEADER_BYTES,
        },
      }) as Server;
      created.maxConnections = MAX_CONNECTIONS;
      boundConnections(created, MAX_CONNECTIONS_OF_ONE);
      boundAnswers(created, requestTimeoutMs);
      answerUnread(created);
      // Without a listener Node asks for the body itself, whatever is answered: whoever reads one asks for it here.
      created.on('checkContinue', (request, response) => void created.emit('request', request, response));
      await listen(created, host, port);
      server = created;
      if (tls && certificate) {
        const secure = created as Server & TlsServer;
        renewal = new CertificateRenewal({
          server: secure,
          files: tls,
          first: certificate,
          clock,
          log,
          faults,
        });
        renewal.start();
      }
    },
    async stop() {
      const closing = server;
      if (!closing) return;
      server = undefined;
      await renewal?.stop();
      const closed = new Promise<void>(resolve => closing.close(() => resolve()));
      closing.closeIdleConnections();
      const cancel = clock.timer(CLOSE_GRACE_MS, () => closing.closeAllConnections());
      await closed;
      cancel();
    },
    url() {
      const address = server?.address() as AddressInfo | null | undefined;
      if (!address) throw new SluiceError('internal', 'the HTTP server is not listening');
      const shown = isIPv6(address.address) ? `[${address.address}]` : address.address;
      return `${tls ? 'https' : 'http'}://${shown}:${address.port}`;
    },
  };
}

/**
 * Hangs up on who takes nothing of an answer for so long: it would lie in memory, and its connection count, for good. An
 * answer that is still being made, or not read fast, has all the time that it needs.
 */
function boundAnswers(server: Server, timeoutMs: number): void {
  server.timeout = timeoutMs;
  server.on('request', (_request, response) => {
    // Node tells of a socket on which nothing moved; without a listener it would close it, whatever it waits for.
    response.on('timeout', (socket: Socket) => {
      if (socket.writableLength > 0) socket.destroy();
      else socket.setTimeout(timeoutMs);
    });
  });
}

/** Hangs up on a sender (see `senderOf`) who has opened too many connections already. */
function boundConnections(server: Server, maxOfOne: number): void {
  const open = new Map<string, number>();
  server.on('connection', socket => {
    const sender = senderOf(socket.remoteAddress);
    const count = (open.get(sender) ?? 0) + 1;
    open.set(sender, count);
    socket.once('close', () => {
      const left = (open.get(sender) ?? 0) - 1;
      if (left > 0) open.set(sender, left);
      else open.delete(sender);
    });
    if (count > maxOfOne) socket.destroy();
  });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(listenError(error, host, port)));
    server.listen({ host, port }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): SluiceError {
  const where = `${host}:${port}`;
  if (error.code === 'EADDRINUSE') {
    return new SluiceError('port_in_use', `something else listens on ${where} already`, { cause: error });
  }
  const message = `cannot listen on ${where}: ${error.message}`;
  return new SluiceError('usage', message, {
    cause: error,
    hint: 'Choose another address with server.host and server.port.',
  });
}
