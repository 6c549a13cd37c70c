import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { killAtExit } from '../left-behind.ts';
import { type Machine, NO_TROUBLE, type WorldProcessOptions } from './machine.ts';

/** A stop takes no longer, whatever happened before. */
export const STOP_MS = 5000;
const START_MS = 30_000;

/**
 * The station of the world, as its service manager has it:
 *
 *   down ──start()──▶ up ──kill(), stop()──▶ down
 *
 * A start that fails while `mayFail` says that the machine is to blame is tried again; ending by itself is an error.
 */
export class WorldStation {
  readonly #options: WorldProcessOptions;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #log: string;
  #machine = NO_TROUBLE;
  #child: ChildProcess | undefined;
  /** Of the slowest stop. */
  slowestStopMs = 0;

  constructor(options: WorldProcessOptions, { log, certificate }: { log: string; certificate: string }) {
    this.#options = options;
    this.#log = log;
    this.#environment = { ...process.env, NODE_EXTRA_CA_CERTS: certificate };
  }

  /** Bends its machine from now on, over restarts too. */
  bend(change: Partial<Machine>): void {
    this.#machine = { ...this.#machine, ...change };
    this.#tell();
  }

  async start(mayFail: () => boolean = () => false): Promise<void> {
    for (let isUp = false; !isUp; ) {
      isUp = await this.#startOnce();
      if (isUp) return;
      assert.ok(mayFail(), 'the station starts');
      await pause(300);
    }
  }

  async kill(): Promise<void> {
    const child = this.#running();
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    this.#child = undefined;
  }

  /** @throws AssertionError when it takes too long */
  async stop(): Promise<void> {
    const child = this.#running();
    const ended = once(child, 'exit');
    const startMs = performance.now();
    child.stdin?.end();
    const [code] = await Promise.race([ended, pause(4 * STOP_MS).then(() => ['no end'])]);
    const tookMs = performance.now() - startMs;
    this.slowestStopMs = Math.max(this.slowestStopMs, tookMs);
    this.#child = undefined;
    child.kill('SIGKILL');
    assert.equal(code, 0, 'it stops by itself');
    assert.ok(tookMs <= STOP_MS, `it stopped within ${STOP_MS} ms: ${Math.round(tookMs)} ms`);
  }

  /** Ends it somehow. May be called again. */
  async end(): Promise<void> {
    if (this.#child) await this.kill().catch(() => undefined);
  }

  #running(): ChildProcess {
    const child = this.#child;
    assert.ok(child && child.exitCode === null && child.signalCode === null, 'it ended by itself');
    return child;
  }

  #tell(): void {
    if (this.#child?.stdin?.writable) this.#child.stdin.write(`${JSON.stringify(this.#machine)}\n`);
  }

  async #startOnce(): Promise<boolean> {
    const log = openSync(this.#log, 'a');
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'world-process.ts'), JSON.stringify(this.#options)],
      { stdio: ['pipe', 'pipe', log], env: this.#environment },
    );
    closeSync(log);
    killAtExit(child);
    child.stdin?.on('error', () => undefined);
    this.#child = child;
    this.#tell();
    const started = once(child.stdout as NonNullable<ChildProcess['stdout']>, 'data').then(() => true);
    const isUp = await Promise.race([started, once(child, 'exit').then(() => false), pause(START_MS, false)]);
    if (!isUp) {
      child.kill('SIGKILL');
      this.#child = undefined;
    }
    return isUp;
  }
}
