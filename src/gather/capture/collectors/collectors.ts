import { asSluiceError, type SluiceError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { RepeatedMessages } from '../../../base/repeated-messages.ts';
import { Serializer } from '../../../base/serializer.ts';
import type { CompletionReason } from '../../../keep/local/captures.ts';
import { CollectorFiles, type CollectorFilesOptions, type FileLimits } from '../files/collector-files.ts';
import { PendingMemory } from '../files/pending-memory.ts';
import { recover } from '../files/recover.ts';
import type { CapturePlan, CollectorPlan } from '../settings.ts';
import type { Sources } from '../sources/definitions.ts';
import { kindOfError } from '../sources/failure.ts';
import { Collector } from './collector.ts';
import { applyControl, type ControlAnswer, ControlPoller } from './control.ts';
import { type CollectorStatus, restingStatus, runningStatus } from './status.ts';
import type { TickTimer } from './tick-timer.ts';

/**
 * Readings are handed to the system at least every second, so that a crash loses no older ones; writing takes some time
 * itself.
 */
const FLUSH_EVERY_MS = 900;
/** The same kind of error of the same collector is reported at most this often. */
const REPORT_EVERY_MS = 2_000;
/** One that comes on and on is reported ever less often, down to this: a sensor may be away for weeks. */
const REPORT_LEAST_EVERY_MS = 10 * 60_000;

export interface CollectorsOptions extends Omit<CollectorFilesOptions, 'onFailure' | 'memory'> {
  readonly timer: TickTimer;
  readonly log: Logger;
  readonly openSources: (plan: CapturePlan) => Promise<Sources>;
}

/**
 * All collectors under one plan.
 *
 * States: idle ──configure──▶ running ──configure──▶ running ──stop──▶ stopped (final). The first `configure` recovers
 * what an earlier process left. Changes of the plan go one after the other; a collector that is the same in
 * both plans does not notice.
 */
export class Collectors {
  readonly #options: CollectorsOptions;
  readonly #errors: RepeatedMessages;
  readonly #collectors = new Map<string, Collector>();
  readonly #memory = new PendingMemory();
  #plan: CapturePlan | undefined;
  #answer: ControlAnswer = { collectors: new Map() };
  #sources: Sources | undefined;
  #control: ControlPoller | undefined;
  readonly #changes = new Serializer();
  #cancelFlush = (): void => undefined;
  #flushing: Promise<void> = Promise.resolve();
  #syncedAtMs = 0;
  #stopped = false;

  constructor(options: CollectorsOptions) {
    this.#options = options;
    this.#errors = new RepeatedMessages(options.clock, REPORT_EVERY_MS, REPORT_LEAST_EVERY_MS);
  }

  /** Takes over a plan. Throws disk_* when the capture folder cannot be recovered; then nothing runs. */
  configure(plan: CapturePlan): Promise<void> {
    return this.#changes.run(async () => {
      if (this.#stopped) return;
      const before = this.#plan;
      if (!before) await this.#recover(plan);
      this.#plan = plan;
      if (!before || !isSame(sharedByAll(before), sharedByAll(plan))) await this.#reopenSources(plan);
      if (!before || !isSame(controlled(before), controlled(plan))) await this.#restartControl(plan);
      await this.#reconcile();
      if (!before) this.#nextFlush();
    });
  }

  /** Completes every file in progress. Resolves when `onFinished` was called for all that could be. */
  async complete(reason: CompletionReason): Promise<void> {
    await Promise.all([...this.#collectors.values()].map(({ files }) => files.complete(reason)));
  }

  /** Stops every collector and completes every file. May be called again. */
  stop(): Promise<void> {
    return this.#changes.run(async () => {
      this.#stopped = true;
      this.#cancelFlush();
      await this.#control?.stop();
      await this.#flushing;
      await this.#remove([...this.#collectors.keys()]);
      await this.#sources?.close();
    });
  }

  status(): CollectorStatus[] {
    if (!this.#plan) return [];
    const { disabled, collectors } = applyControl(this.#plan, this.#answer);
    return collectors.map(plan => {
      const running = this.#collectors.get(plan.name);
      const resting = restingStatus(plan, disabled);
      return running ? runningStatus(resting, running.figures(), running.files) : resting;
    });
  }

  async #recover({ directory }: CapturePlan): Promise<void> {
    const { clock, log, onFinished } = this.#options;
    const { finished, torn, failures } = await recover(directory, clock.nowMs());
    const [failure] = failures;
    if (failure) {
      const { code, message } = failure;
      log.error({ code, files: failures.length }, `readings of the last run stay where they are: ${message}`);
    }
    for (const one of finished) onFinished(one);
    if (finished.length > 0 || torn > 0) {
      const readings = finished.reduce((sum, { file }) => sum + (file?.readings ?? 0), 0);
      log.info({ files: finished.length, readings, torn }, 'recovered the readings of the last run');
    }
  }

  async #reopenSources(plan: CapturePlan): Promise<void> {
    await this.#remove([...this.#collectors.keys()]);
    await this.#sources?.close();
    this.#sources = await this.#options.openSources(plan);
  }

  async #restartControl(plan: CapturePlan): Promise<void> {
    await this.#control?.stop();
    this.#answer = { collectors: new Map() };
    this.#control = this.#newControl(plan);
    // What it says counts from the first reading on.
    await this.#control?.start();
  }

  /** Makes the collectors that run those that the plan and the control source want. */
  async #reconcile(): Promise<void> {
    if (!this.#plan || this.#stopped) return;
    const plan = applyControl(this.#plan, this.#answer);
    const wanted = new Map(
      plan.disabled ? [] : plan.collectors.filter(({ disabled }) => !disabled).map(one => [one.name, one]),
    );
    const changed = [...this.#collectors.values()].filter(
      running => !isSame(running.plan, wanted.get(running.plan.name)),
    );
    await this.#remove(changed.map(({ plan: { name } }) => name));
    for (const { files } of this.#collectors.values()) files.setLimits(limitsOf(plan));
    const startMs = this.#options.clock.monotonicMs();
    for (const one of wanted.values()) if (!this.#collectors.has(one.name)) this.#add(one, plan, startMs);
  }

  #add(plan: CollectorPlan, whole: CapturePlan, startMs: number): void {
    const { clock, random, timer, onFinished } = this.#options;
    const source = this.#sources?.open(plan);
    if (!source) return;
    const onError = (error: SluiceError): void => this.#report(plan.name, error);
    const onFailure = (error: unknown): void => onError(asSluiceError(error));
    const files = new CollectorFiles(plan, limitsOf(whole), {
      clock,
      random,
      onFinished,
      onFailure,
      memory: this.#memory,
    });
    const collector = new Collector(plan, source, files, { clock, timer, onError });
    this.#collectors.set(plan.name, collector);
    collector.start(startMs);
  }

  async #remove(names: readonly string[]): Promise<void> {
    const leaving = names.flatMap(name => this.#collectors.get(name) ?? []);
    await Promise.all(leaving.map(collector => collector.stop()));
    await Promise.all(leaving.map(({ files }) => files.complete('stop')));
    for (const { plan, files } of leaving) {
      const readings = await files.giveUp();
      if (readings === 0) continue;
      this.#options.log.error(
        { collector: plan.name, readings },
        `${plan.name}: ${readings} readings could not be written before the stop; they are lost`,
      );
    }
    for (const name of names) this.#collectors.delete(name);
  }

  #newControl({ control, collectors }: CapturePlan): ControlPoller | undefined {
    if (!control) return undefined;
    const { clock, log } = this.#options;
    return new ControlPoller(control, new Set(collectors.map(({ name }) => name)), {
      clock,
      onAnswer: answer => {
        if (isSame(plainAnswer(answer), plainAnswer(this.#answer))) return;
        this.#answer = answer;
        log.info(plainAnswer(answer), 'the control source changed collectors');
        // The first answer comes within `configure`, which reconciles itself.
        void this.#changes.run(() => this.#reconcile());
      },
      onError: error => this.#report('control', error),
    });
  }

  #nextFlush(): void {
    if (this.#stopped) return;
    this.#cancelFlush = this.#options.clock.timer(FLUSH_EVERY_MS, () => {
      this.#flushing = this.#flush().then(() => this.#nextFlush());
    });
  }

  async #flush(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    // A flush that comes a little early must not put the forcing off until the next one.
    const isDue = nowMs - this.#syncedAtMs >= (this.#plan?.fsyncIntervalMs ?? 0) - FLUSH_EVERY_MS / 2;
    if (isDue) this.#syncedAtMs = nowMs;
    await Promise.all([...this.#collectors.values()].map(({ files }) => files.flush(isDue)));
  }

  #report(collector: string, error: SluiceError): void {
    const suppressed = this.#errors.admit(kindOfError(collector, error));
    if (suppressed === undefined) return;
    const { code, message, hint } = error;
    const repeated = suppressed || undefined;
    this.#options.log.warn({ collector, code, repeated, hint }, `${collector}: ${message}`);
  }
}

/** What all collectors depend on: a change of it restarts them. */
function sharedByAll({ directory, database, isStoreShared, station, broker }: CapturePlan): unknown {
  return { directory, database, isStoreShared, station, broker };
}

/** What the control source depends on. */
function controlled({ control, collectors }: CapturePlan): unknown {
  return { control, names: collectors.map(({ name }) => name) };
}

function limitsOf({ directory, station, maxFileBytes, maxAgeMs }: CapturePlan): FileLimits {
  return { directory, station, maxFileBytes, maxAgeMs };
}

/** An answer as JSON has it. */
function plainAnswer({ disabled, collectors }: ControlAnswer): Record<string, unknown> {
  return { disabled, collectors: Object.fromEntries(collectors) };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
