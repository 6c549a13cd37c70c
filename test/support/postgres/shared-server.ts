import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresPlace } from './server.ts';

const PROCESS = join(import.meta.dirname, 'shared-server-process.ts');
const NAME = createHash('sha256')
  .update(`${import.meta.dirname} ${process.getuid?.()} ${process.env.SLUICE_TEST_POSTGRES ?? ''}`)
  .digest('hex')
  .slice(0, 12);
const TRY_AGAIN_MS = 20;
const STARTS_WITHIN_MS = 60_000;

/** Abstract (unix(7)): the kernel gives it to one process, and takes it back when that ends. */
export function keeperAddress(name: string): string {
  return `\0sluice-postgres-${name}`;
}

let shared: Promise<PostgresPlace> | undefined;

/** The PostgreSQL that the test files of this checkout share; started by the first of them, gone after the last. */
export function sharedServer(): Promise<PostgresPlace> {
  shared ??= reach();
  return shared;
}

async function reach(): Promise<PostgresPlace> {
  const deadline = Date.now() + STARTS_WITHIN_MS;
  for (let started = false; Date.now() < deadline; await sleep(TRY_AGAIN_MS)) {
    const socket = await connected();
    if (!socket) {
      if (!started) startKeeper();
      started = true;
      continue;
    }
    const line = await firstLine(socket);
    if (line === undefined) {
      // It was just about to end.
      started = false;
      continue;
    }
    // Kept open as long as this process lives, and no reason for it to.
    socket.unref();
    const place = JSON.parse(line) as PostgresPlace & { readonly failed?: string };
    if (place.failed !== undefined) throw new Error(place.failed);
    return place;
  }
  throw new Error(`no PostgreSQL for tests within ${STARTS_WITHIN_MS} ms`);
}

function startKeeper(): void {
  spawn(process.execPath, [PROCESS, NAME], { detached: true, stdio: 'ignore' }).unref();
}

async function connected(): Promise<Socket | undefined> {
  const socket = connect(keeperAddress(NAME));
  try {
    await once(socket, 'connect');
    return socket;
  } catch {
    return undefined;
  }
}

/** Undefined where the other side closed before it. */
async function firstLine(socket: Socket): Promise<string | undefined> {
  let text = '';
  socket.on('error', () => undefined);
  for await (const part of socket.iterator({ destroyOnReturn: false })) {
    text += String(part);
    if (text.includes('\n')) return text.split('\n')[0];
  }
  return undefined;
}
