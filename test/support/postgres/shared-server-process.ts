import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresServer } from './server.ts';
import { keeperAddress } from './shared-server.ts';

/**
 * The PostgreSQL that all test files of a checkout share: runs as long as one of them is connected here, and a moment
 * longer for the next one. Killing test files leaves nothing behind; what is left by killing this process, the next one
 * of its kind takes away.
 *
 * argv: a name that is this checkout's.
 */
const LINGER_MS = 1_500;

const [, , name = ''] = process.argv;
const prefix = `sluice-postgres-${name}-`;

const clients = createServer();
clients.once('error', () => process.exit(0));
clients.listen(keeperAddress(name), () => void serve());

async function serve(): Promise<void> {
  for (const left of readdirSync(tmpdir()).filter(entry => entry.startsWith(prefix)))
    takeAway(join(tmpdir(), left));
  const folder = mkdtempSync(join(tmpdir(), prefix));
  let postgres: PostgresServer | undefined;
  process.on('exit', () => {
    postgres?.killNow();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

  let open = 0;
  let linger: NodeJS.Timeout | undefined;
  const end = (): void => {
    clients.close();
    void postgres?.kill().finally(() => process.exit(0));
  };
  const rest = (): void => {
    clearTimeout(linger);
    if (open === 0) linger = setTimeout(end, LINGER_MS);
  };
  const starting = (async () => {
    postgres = await PostgresServer.make(folder);
    await postgres.start();
    const { port, socketFolder, password } = postgres;
    return JSON.stringify({ port, socketFolder, password });
  })().catch((error: unknown) => JSON.stringify({ failed: String(error) }));
  clients.on('connection', socket => {
    open += 1;
    clearTimeout(linger);
    socket.on('error', () => undefined);
    socket.resume();
    socket.once('close', () => {
      open -= 1;
      rest();
    });
    void starting.then(place => socket.write(`${place}\n`));
  });
  await starting;
  if (postgres === undefined) return end();
  rest();
}

/** A folder whose keeper was killed, with the server that still runs in it. */
function takeAway(folder: string): void {
  for (const pid of serversIn(folder)) {
    try {
      process.kill(pid, 'SIGQUIT');
    } catch {
      // It has just ended.
    }
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** The postmaster, if its number is still its own. */
function serversIn(folder: string): number[] {
  try {
    const pid = Number(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) ? [pid] : [];
  } catch {
    return [];
  }
}
