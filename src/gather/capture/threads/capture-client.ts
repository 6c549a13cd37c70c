import { readdirSync } from 'node:fs';
import type { Clock } from '../../../base/clock.ts';
import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import { makeFolderSync } from '../../../base/files/make-folder.ts';
import type { Logger } from '../../../base/log.ts';
import type { FaultBoard } from '../../../base/ongoing-faults.ts';
import { siblingModule, ThreadClient } from '../../../base/thread-client.ts';
import type { Payload, RequestName } from '../../../base/thread-protocol.ts';
import type { CaptureJournal } from '../../../keep/local/captures.ts';
import { type CollectorStatus, restingCollectors } from '../collectors/status.ts';
import { assertSameFileSystem, HandOver } from '../hand-over.ts';
import type { CapturePlan } from '../settings.ts';
import type { CaptureEvent, CaptureProtocol } from './capture-server.ts';

/**
 * Readings live for a second; a small nursery keeps the thread small. The rest is room for what a full disk does not
 * take.
 */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 3, maxOldGenerationSizeMb: 1024 };
/** Pause before a capture thread that failed is made anew. */
const RESTART_MS = 1_000;
/** A thread that does not reply in time is busy; its last status is shown. */
const STATUS_PATIENCE_MS = 1_000;

export interface CaptureClientOptions {
  /** Delivery's `incoming` folder; it is there before this starts. */
  readonly incoming: string;
  readonly journal: Pick<CaptureJournal, 'enter'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly faults?: FaultBoard | undefined;
  /** The module that runs inside the capture thread; a test gives another. */
  readonly threadEntry?: URL;
}

/**
 * The capture thread as the station sees it: collectors in there, finished files into delivery out here.
 *
 *   idle ──start──▶ running ──stop──▶ stopped (final)
 *                     │  ▲
 *    the thread fails │  │ a second later: it is made anew and recovers the files of the one before
 *                     ▼  │
 *                 restarting
 */
export class CaptureClient {
  readonly #options: CaptureClientOptions;
  readonly #thread: ThreadClient<CaptureProtocol>;
  #plan: CapturePlan;
  #handOver: HandOver | undefined;
  #cancelRestart = (): void => undefined;
  /** Undefined until the thread has replied with one. */
  #lastStatus: readonly CollectorStatus[] | undefined;
  #started = false;
  /** The thread is there and has the plan. */
  #configured = false;
  #crashes = 0;
  #stopped = false;

  constructor(plan: CapturePlan, options: CaptureClientOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#thread = new ThreadClient({
      name: 'capture',
      entry: options.threadEntry ?? siblingModule(import.meta.url, './capture-thread'),
      resourceLimits: RESOURCE_LIMITS,
      onEvent: event => this.#onEvent(event),
      onExit: failure => failure && this.#onCrash(failure),
    });
  }

  /** Recovers what the last run left, then starts the collectors. Throws spool_invalid, disk_*. */
  async start(): Promise<void> {
    if (this.#started || this.#stopped) return;
    const { directory } = this.#plan;
    try {
      makeFolderSync(directory, 0o700);
    } catch (error) {
      throw asSluiceError(error, { operation: 'make the capture folder', subject: directory });
    }
    assertSameFileSystem(directory, this.#options.incoming);
    this.#handOver = new HandOver(directory, this.#options.incoming, this.#options);
    this.#started = true;
    try {
      await this.#configure();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Completes every file and hands it over. May be called again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRestart();
    await this.#thread.stop();
    await this.#handOver?.close();
  }

  /** Takes over another plan, but for its folder: that one counts from the next start on. */
  async reconfigure(plan: CapturePlan): Promise<void> {
    this.#plan = { ...plan, directory: this.#plan.directory };
    if (this.#started && !this.#stopped) await this.#configure();
  }

  /** Completes every file in progress and hands it over, before a sync. Does nothing where capture does not run. */
  async complete(): Promise<void> {
    if (!this.#configured || this.#stopped) return;
    await this.#request('complete', undefined);
    await this.#handOver?.settle();
  }

  /** The collectors as they are; as they were, or as they are planned, where the thread does not reply soon. */
  async status(): Promise<readonly CollectorStatus[]> {
    const known = this.#lastStatus ?? restingCollectors(this.#plan);
    if (!this.#configured || this.#stopped) return known;
    const reply = this.#request('status', undefined).catch(() => undefined);
    const late = Promise.withResolvers<undefined>();
    const cancel = this.#options.clock.timer(STATUS_PATIENCE_MS, () => late.resolve(undefined));
    const status = await Promise.race([reply, late.promise]);
    cancel();
    if (status) this.#lastStatus = status;
    return status ?? known;
  }

  /** The thread is made once there is something for it to do. */
  async #configure(): Promise<void> {
    const { collectors, directory } = this.#plan;
    if (!this.#configured && collectors.length === 0 && readdirSync(directory).length === 0) return;
    await this.#request('configure', this.#plan);
    this.#configured = true;
  }

  async #request<N extends RequestName<CaptureProtocol>>(
    name: N,
    body: Payload<CaptureProtocol, N, 'request'>,
  ): Promise<Payload<CaptureProtocol, N, 'reply'>> {
    const crashes = this.#crashes;
    try {
      return await this.#thread.request(name, body);
    } catch (error) {
      if (crashes === this.#crashes) throw error;
      throw new SluiceError('stopping', 'capture is not running', { cause: error });
    }
  }

  #onEvent(event: CaptureEvent): void {
    if (event.type === 'finished') this.#handOver?.add(event.finished);
    else this.#options.log[event.level](event.facts, event.message);
  }

  #onCrash(failure: SluiceError): void {
    this.#crashes += 1;
    this.#configured = false;
    this.#options.log.error({ err: failure }, 'the capture thread failed; it is made anew');
    this.#restartSoon();
  }

  #restartSoon(): void {
    if (this.#stopped) return;
    this.#cancelRestart();
    this.#cancelRestart = this.#options.clock.timer(RESTART_MS, () => void this.#restart());
  }

  async #restart(): Promise<void> {
    const crashes = this.#crashes;
    try {
      await this.#configure();
    } catch (error) {
      // Where the thread crashed again, `#onCrash` has seen to it.
      if (this.#stopped || crashes !== this.#crashes) return;
      const reason = asSluiceError(error).message;
      this.#options.log.error({ reason }, 'capture could not go on; it is tried again');
      await this.#thread.terminate();
      this.#restartSoon();
    }
  }
}
