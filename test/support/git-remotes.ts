import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { authoringEnvironment } from './git-repositories.ts';

/** What a test server does wrong, or wants; may be changed between requests. */
export interface RemoteFaults {
  /** Breaks the connection after so many bytes of a fetch's answer. */
  dropAfterBytes?: number;
  /** Falls silent after so many bytes of a fetch's answer, the connection open. */
  stallAfterBytes?: number;
  /** Waits so long before each piece of a fetch's answer (HTTP). */
  pauseMs?: number;
  /** Answers every request with this status (HTTP). */
  status?: number;
  /** Answers with a web page (HTTP). */
  page?: string;
  /** Redirects every request whose path does not begin with `except` to this origin or path (HTTP). */
  redirect?: { readonly to: string; readonly except?: string };
  /** Wants these (HTTP). */
  basicAuth?: { readonly username: string; readonly token: string };
}

export interface TestRemote {
  /** `http://127.0.0.1:port` or `git://127.0.0.1:port`; a repository's path below the root follows. */
  readonly origin: string;
  readonly faults: RemoteFaults;
  /** Request lines so far; for git:// the services asked for. */
  readonly requests: string[];
  /** `Authorization` headers so far (HTTP). */
  readonly authorizations: string[];
  /** The most requests that were answered at once so far (HTTP). */
  readonly busiest: number;
  /** Resolves when a fault has struck the next time. */
  faultStruck(): Promise<void>;
}

interface Bridge extends TestRemote {
  origin: string;
  busiest: number;
  readonly struck: () => void;
}

function createBridge(faults: RemoteFaults): Bridge {
  let waiting = Promise.withResolvers<void>();
  return {
    origin: '',
    faults: { ...faults },
    requests: [],
    authorizations: [],
    busiest: 0,
    faultStruck: () => waiting.promise,
    struck: () => {
      waiting.resolve();
      waiting = Promise.withResolvers<void>();
    },
  };
}

/** Listens on a free port of this machine until the test ends. @returns `127.0.0.1:port` */
async function listenLocally(t: TestContext, server: Server, dropConnections: () => void): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    dropConnections();
    server.close();
    await once(server, 'close');
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Smart HTTP: `git http-backend` behind a small CGI bridge. Repositories lie below `root`. */
export async function startHttpRemote(
  t: TestContext,
  root: string,
  faults: RemoteFaults = {},
): Promise<TestRemote> {
  const bridge = createBridge(faults);
  let answering = 0;
  const server = createServer((request, response) => {
    answering += 1;
    bridge.busiest = Math.max(bridge.busiest, answering);
    response.once('close', () => {
      answering -= 1;
    });
    serveHttp(bridge, root, request, response).catch(() => response.destroy());
  });
  bridge.origin = `http://${await listenLocally(t, server, () => server.closeAllConnections())}`;
  return bridge;
}

async function serveHttp(
  bridge: Bridge,
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { faults } = bridge;
  const url = new URL(request.url ?? '/', 'http://test');
  bridge.requests.push(`${request.method} ${request.url}`);
  if (request.headers.authorization !== undefined) bridge.authorizations.push(request.headers.authorization);
  if (faults.status !== undefined) return void response.writeHead(faults.status).end('no');
  if (faults.page !== undefined)
    return void response.writeHead(200, { 'content-type': 'text/html' }).end(faults.page);
  if (faults.redirect && !url.pathname.startsWith(faults.redirect.except ?? '\0')) {
    return void response.writeHead(302, { location: `${faults.redirect.to}${request.url}` }).end();
  }
  if (faults.basicAuth && !isAuthorised(request, faults.basicAuth)) {
    return void response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end('who are you?');
  }
  const body = await buffer(request);
  const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const cgi = spawn('git', ['http-backend'], {
    env: {
      ...authoringEnvironment(),
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? '',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  response.on('close', () => killGroup(cgi));
  cgi.stdin.on('error', () => undefined);
  cgi.stdin.end(plain);
  const isFetch = plain.includes('command=fetch');
  const pieces = isFetch && faults.pauseMs !== undefined ? paused(cgi.stdout, faults.pauseMs) : cgi.stdout;
  await answer(pieces, response, faultsFor(bridge, isFetch));
}

/** git daemon ignores SIGTERM, and its upload-pack would wait for ever; so the whole group is killed. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function isAuthorised(request: IncomingMessage, wanted: { username: string; token: string }): boolean {
  const basic = Buffer.from(`${wanted.username}:${wanted.token}`).toString('base64');
  return request.headers.authorization === `Basic ${basic}`;
}

async function* paused(pieces: AsyncIterable<Buffer>, ms: number): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    await setTimeout(ms);
    yield piece;
  }
}

/** Copies a CGI answer: header lines, an empty line, the body. */
async function answer(cgi: AsyncIterable<Buffer>, response: ServerResponse, fault: PackFault): Promise<void> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of cgi) {
    let body = chunk;
    if (head) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) continue;
      const headers = head.subarray(0, end).toString('latin1').split('\r\n');
      const pairs = headers.map(line => line.split(/: */, 2) as [string, string]);
      const status = pairs.find(([name]) => name === 'Status')?.[1];
      response.writeHead(
        Number.parseInt(status ?? '200', 10),
        pairs.filter(([name]) => name !== 'Status').flat(),
      );
      body = head.subarray(end + 4);
      head = undefined;
    }
    if (
      !fault(
        body,
        part => response.write(part),
        () => response.destroy(),
      )
    )
      return;
  }
  response.end();
}

/** Writes a piece of an answer, or what a fault leaves of it; false when nothing more may follow. */
type PackFault = (chunk: Buffer, write: (part: Buffer) => void, drop: () => void) => boolean;

function faultsFor(bridge: Bridge, isFetch: boolean): PackFault {
  const { dropAfterBytes, stallAfterBytes } = bridge.faults;
  const limit = isFetch ? (dropAfterBytes ?? stallAfterBytes) : undefined;
  let bytes = 0;
  return (chunk, write, drop) => {
    if (limit === undefined || bytes + chunk.length <= limit) {
      bytes += chunk.length;
      write(chunk);
      return true;
    }
    write(chunk.subarray(0, limit - bytes));
    if (dropAfterBytes !== undefined) setImmediate(drop);
    bridge.struck();
    return false;
  };
}

/** git://: `git daemon --inetd` for each connection. Repositories lie below `root`. */
export async function startGitDaemon(
  t: TestContext,
  root: string,
  faults: RemoteFaults = {},
): Promise<TestRemote> {
  const bridge = createBridge(faults);
  const sockets = new Set<Socket>();
  const server = createTcpServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveDaemon(bridge, root, socket).catch(() => socket.destroy());
  });
  const dropAll = (): void => sockets.forEach(socket => void socket.destroy());
  bridge.origin = `git://${await listenLocally(t, server, dropAll)}`;
  return bridge;
}

async function serveDaemon(bridge: Bridge, root: string, socket: Socket): Promise<void> {
  const daemon = spawn('git', ['daemon', '--inetd', '--export-all', `--base-path=${root}`, root], {
    env: authoringEnvironment(),
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  socket.on('error', () => undefined);
  socket.on('close', () => killGroup(daemon));
  daemon.stdin.on('error', () => undefined);
  let isFetch = false;
  socket.on('data', chunk => {
    if (bridge.requests.length === 0 || chunk.includes('host='))
      bridge.requests.push(chunk.toString('latin1'));
    isFetch ||= chunk.includes('command=fetch');
    daemon.stdin.write(chunk);
  });
  socket.on('end', () => daemon.stdin.end());
  let fault: PackFault | undefined;
  for await (const chunk of daemon.stdout as AsyncIterable<Buffer>) {
    if (isFetch) fault ??= faultsFor(bridge, true);
    const goOn = fault
      ? fault(
          chunk,
          part => socket.write(part),
          () => socket.destroy(),
        )
      : socket.write(chunk);
    if (goOn === false && fault) return;
  }
  socket.end();
}

/**
 * Puts an `ssh` before the real one on the PATH that runs the command on this machine and notes its own
 * arguments; enough to see how git calls it.
 * @returns reads the argument lists so far
 */
export function fakeSsh(
  t: TestContext,
  directory: string,
  script = 'for last; do :; done; exec sh -c "$last"',
): () => string[] {
  const log = join(directory, 'ssh.log');
  writeFileSync(log, '');
  fakeProgram(t, directory, 'ssh', `echo "$*" >> '${log}'\n${script}`);
  return () => readFileSync(log, 'utf8').trim().split('\n').filter(Boolean);
}

/** Puts a shell script before everything else on the PATH while the test runs. */
export function fakeProgram(t: TestContext, directory: string, name: string, script: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, name), 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${directory}:${before}`;
  t.after(() => {
    process.env.PATH = before;
  });
}
