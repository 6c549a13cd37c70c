import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** A real S3 server while it runs; everything it made goes with `stop`. */
export interface RealServer {
  /** "versitygw v1.8.0", for the report. */
  readonly name: string;
  /** Of its process, where it is one of ours. */
  readonly pid?: number;
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Keys that begin others' are stored, as on Amazon's. */
  readonly nestsKeys: boolean;
  readonly maxSegmentBytes: number;
  /** HEAD shows the CRC32 that came with an object. */
  readonly keepsChecksums: boolean;
  /** Uploads in parts are listed by their whole key alone. */
  readonly listsUploadsByKey?: boolean;
  /** A part that was replaced stays listed beside the one that replaced it. */
  readonly listsReplacedParts?: boolean;
  /** Takes keys of its clients' own (SSE-C). */
  readonly takesCustomerKeys?: boolean;
  /** Certificate (PEM) that its own is signed by, where nobody else knows that. */
  readonly caFile?: string;
  stop(): Promise<void>;
}

/** One kind of server: where to get it and how to run it. */
export interface RealServerKind {
  readonly name: string;
  /** Path of its program if it is there or can be had within `budgetMs`; else a sentence saying why not. */
  obtain(budgetMs: number): Promise<{ readonly path: string } | { readonly why: string }>;
  /** Starts it on a free port of 127.0.0.1, with its data below `folder`; options are the program's own. */
  start(path: string, folder: string, options?: readonly string[]): Promise<RealServer>;
}

export const run = promisify(execFile);

/** Where installed servers are kept: below node_modules, which nobody commits. */
export const CACHE_FOLDER = resolve(import.meta.dirname, '../../node_modules/.cache/real-s3');

export async function onPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** On the PATH, in the cache, or built by `go install` into the cache; with the reason where none of these. */
export async function obtainWithGo(
  program: string,
  /** Path of its main package, with the version: `host/path@v1.2.3`. */
  module: string,
  budgetMs: number,
): Promise<{ path: string } | { why: string }> {
  const cached = join(CACHE_FOLDER, program);
  const found = (await onPath(program)) ?? ((await isExecutable(cached)) ? cached : undefined);
  if (found !== undefined) return { path: found };
  const go = await onPath('go');
  if (go === undefined) return { why: 'not on the PATH, and there is no Go to build it with' };
  console.error(`real-s3: go install ${module} (once; a few minutes)`);
  await mkdir(CACHE_FOLDER, { recursive: true });
  try {
    const environment = { ...process.env, GOBIN: CACHE_FOLDER, GOFLAGS: '' };
    await run(go, ['install', module], { env: environment, timeout: budgetMs });
  } catch (error) {
    const { killed, stderr } = error as { killed?: boolean; stderr?: string };
    const words = killed
      ? `it took longer than ${budgetMs / 1000} s`
      : (stderr ?? String(error)).trim().split('\n').at(-1);
    return { why: `go install failed: ${words}` };
  }
  return { path: cached };
}

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface Program {
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

/** Runs a program in the background; `stop` ends it with SIGTERM and, 5 s later, SIGKILL. */
export function startProgram(
  path: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Program {
  const child = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  const tail: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => {
    tail.push(chunk.toString());
    if (tail.length > 20) tail.shift();
  });
  child.on('exit', code => {
    if (code !== 0 && code !== null) console.error(`real-s3: ${path} ended with ${code}\n${tail.join('')}`);
  });
  return {
    child,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(impatience);
    },
  };
}

/** Resolves once the endpoint answers HTTP with anything; throws when the program ends or the time is up. */
export async function untilAnswers(endpoint: string, program: Program, budgetMs: number): Promise<void> {
  const deadline = performance.now() + budgetMs;
  for (;;) {
    if (program.child.exitCode !== null) throw new Error(`the server ended with ${program.child.exitCode}`);
    if (performance.now() > deadline)
      throw new Error(`nothing answered at ${endpoint} within ${budgetMs / 1000} s`);
    const answered = await fetch(endpoint, { signal: AbortSignal.timeout(1000) }).then(
      () => true,
      // A certificate that this process does not know is an answer, too.
      error => /CERT|SIGNED/.test(String((error as { cause?: { code?: unknown } }).cause?.code)),
    );
    if (answered) return;
    await new Promise(wake => setTimeout(wake, 100));
  }
}
