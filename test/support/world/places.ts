import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsFront } from 'node:tls';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import {
  type FaultProxy,
  type Trouble as LinkTrouble,
  randomTrouble,
  startFaultProxy,
} from '../fault-proxy.ts';
import type { ServerCredential } from '../s3-server/auth.ts';
import { diskStorage } from '../s3-server/contents.ts';
import type { RefusableRequest, RefusalOf } from '../s3-server/faults.ts';
import { type S3TestServer, startS3Server } from '../s3-server/server.ts';
import type { Side } from './plan.ts';

/** An S3 server with the network before it. */
export interface FarSide {
  readonly side: Side;
  readonly server: S3TestServer;
  readonly proxy: FaultProxy;
  /** What the profile says. */
  readonly endpoint: string;
  /** Keys that the server knows, one after another; the first `spent` of them are refused. */
  readonly credentials: readonly ServerCredential[];
  /** What each new connection suffers. */
  suffer(trouble: () => LinkTrouble): void;
  /** Somebody else answers from now on, or nobody else any more. */
  capture(portal: string | undefined): void;
  /** The server's own refusals, asked one after the other. */
  readonly refusals: Set<(request: RefusableRequest) => RefusalOf | undefined>;
  /** Whether the client may not have had the answer to the request with that index. */
  mayBeUnanswered(index: number): boolean;
  stop(): Promise<void>;
}

/** Certificates that this world has made: one that the station trusts, and a portal's. */
export interface Certificates {
  readonly trusted: string;
  readonly server: { readonly key: string; readonly cert: string };
  readonly portal: { readonly key: string; readonly cert: string };
}

/** Makes self-signed certificates in a folder; needs openssl. */
export function makeCertificates(folder: string): Certificates {
  mkdirSync(folder, { recursive: true });
  const make = (name: string, subject: string): { key: string; cert: string } => {
    const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
    execFileSync(
      'openssl',
      // biome-ignore format: as on a command line
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3650', '-keyout', key, '-out', cert,
        '-subj', `/CN=${subject}`, '-addext', `subjectAltName=DNS:${subject},IP:127.0.0.1`],
      { stdio: 'ignore' },
    );
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  };
  return {
    trusted: join(folder, 'server.pem'),
    server: make('server', 'localhost'),
    portal: make('portal', 'portal.example'),
  };
}

/** A key for each time that one is renewed. */
function keysOf(side: Side, count: number): ServerCredential[] {
  return Array.from({ length: count }, (_, index) => ({
    accessKeyId: `AKID${side.toUpperCase()}${index}`,
    secretAccessKey: `secret-of-${side}-${index}`,
  }));
}

export async function startFarSide(
  side: Side,
  options: {
    readonly folder: string;
    readonly seed: number;
    readonly keys: number;
    readonly certificates: Certificates;
  },
): Promise<FarSide> {
  const credentials = keysOf(side, options.keys);
  const server = await startS3Server({ storage: diskStorage(options.folder), credentials });
  const refusals: FarSide['refusals'] = new Set();
  server.quirks.refuses = request => {
    for (const refusal of refusals) {
      const refused = refusal(request);
      if (refused) return refused;
    }
    return undefined;
  };
  const front = side === 'safe' ? await startTlsFront(server.endpoint, options.certificates) : undefined;
  const target = front?.endpoint ?? server.endpoint;
  let troubleOf = (): LinkTrouble => ({ kind: 'none' });
  /** Connections that ended without their last answer, by port, and when. */
  const cuts: { readonly port: number; readonly atMs: number }[] = [];
  const proxy = await startFaultProxy(target, () => troubleOf(), {
    onCut: port => void cuts.push({ port: front?.behind(port) ?? port, atMs: performance.now() }),
  });
  return {
    side,
    server,
    proxy,
    credentials,
    refusals,
    endpoint: front ? proxy.endpoint.replace('http:', 'https:') : proxy.endpoint,
    suffer(trouble) {
      troubleOf = trouble;
    },
    capture(portal) {
      proxy.lead(portal ?? target);
      proxy.resetAll();
    },
    mayBeUnanswered(index) {
      const { port, status, connectedMs = 0 } = server.requests[index] ?? {};
      if (status === 0) return true;
      const isLast = !server.requests
        .slice(index + 1)
        .some(later => later.port === port && later.connectedMs === connectedMs);
      // What was on its way up when the connection was cut, the server only sees afterwards.
      const nextMs = Math.min(
        ...server.requests
          .filter(other => other.port === port && other.connectedMs > connectedMs)
          .map(other => other.connectedMs),
      );
      return isLast && cuts.some(cut => cut.port === port && cut.atMs >= connectedMs && cut.atMs < nextMs);
    },
    async stop() {
      await proxy.stop();
      front?.stop();
      await server.stop();
    },
  };
}

/** Troubles of connections by chance, the same for the same seed as far as connections come in the same order. */
export function badNetwork(seed: number, share: number): () => LinkTrouble {
  const random: Random = seededRandom(seed);
  return () => randomTrouble(random, share);
}

interface TlsFront {
  readonly endpoint: string;
  /** The port by which the server sees a connection that reached the front from this one. */
  behind(port: number): number | undefined;
  stop(): void;
}

async function startTlsFront(target: string, { server: identity }: Certificates): Promise<TlsFront> {
  const behind = new Map<number, number>();
  const { hostname, port } = new URL(target);
  // Later versions send tickets at any time: what comes down would not always be an answer.
  const server = createTlsFront({ ...identity, maxVersion: 'TLSv1.2' }, client => {
    const upstream = connect(Number(port), hostname);
    upstream.on('connect', () => behind.set(client.remotePort ?? 0, upstream.localPort ?? 0));
    client.on('error', () => undefined).on('close', () => upstream.destroy());
    upstream.on('error', () => undefined).on('close', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  server.on('tlsClientError', () => undefined);
  return {
    endpoint: await listening(server, 'http'),
    behind: at => behind.get(at),
    stop: () => server.close(),
  };
}

/** Strangers who answer in the place of a server. */
export interface Portal {
  /** The answer that it gives from now on. */
  page: 'redirect' | 'page' | 'network-login';
  readonly endpoint: string;
  readonly tlsEndpoint: string;
  /** Requests that reached it behind a certificate which nobody trusts. */
  readonly betrayed: readonly string[];
  stop(): void;
}

export async function startPortal({ portal: identity }: Certificates): Promise<Portal> {
  const betrayed: string[] = [];
  const answer: RequestListener = (request, response) => {
    request.resume();
    request.on('end', () => {
      const { page } = portal;
      if (page === 'redirect') response.writeHead(302, { location: 'http://login.portal.invalid/' }).end();
      else
        response
          .writeHead(page === 'page' ? 200 : 511, { 'content-type': 'text/html' })
          .end('<!DOCTYPE html><html><head><title>Welcome on board</title></head><body>Log in</body></html>');
    });
  };
  const plain = createServer(answer);
  const secure = createTlsServer(identity, (request, response) => {
    betrayed.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  secure.on('tlsClientError', () => undefined);
  const portal: Portal = {
    page: 'page',
    endpoint: await listening(plain, 'http'),
    tlsEndpoint: await listening(secure, 'http'),
    betrayed,
    stop() {
      for (const server of [plain, secure]) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
  return portal;
}

async function listening(server: Server, scheme: string): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Writes the credentials file anew as programs do that renew keys: beside it, and renamed. */
export function writeCredentials(
  path: string,
  sides: readonly { readonly far: FarSide; readonly key: number }[],
  target: string,
): void {
  const sections = sides.map(({ far, key }) => {
    const { accessKeyId, secretAccessKey } = far.credentials[key] as ServerCredential;
    return `[${far.side}]
provider = s3
aws_access_key_id = ${accessKeyId}
aws_secret_access_key = ${secretAccessKey}
region = ${far.server.region}
endpoint_url = ${far.endpoint}
`;
  });
  writeFileSync(`${path}.new`, `${sections.join('\n')}\n[nas]\nprovider = directory\npath = ${target}\n`, {
    mode: 0o600,
  });
  renameSync(`${path}.new`, path);
}
