import type { Clock } from '../../../base/clock.ts';
import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import { parseDurationMs } from '../../../base/units.ts';
import type { CapturePlan, ControlPlan } from '../settings.ts';
import { ExecSource } from '../sources/exec/exec.ts';
import { HttpSource } from '../sources/http/http.ts';
import type { ReadingSource } from '../sources/source.ts';

/** What a control source may say of a collector; what it does not say is as configured. */
export interface CollectorControl {
  readonly disabled?: boolean;
  readonly everyMs?: number;
}

/** `{"disabled": true, "collectors": {"NAME": {"disabled": false, "every": "500ms"}}}`, each part optional. */
export interface ControlAnswer {
  readonly disabled?: boolean;
  readonly collectors: ReadonlyMap<string, CollectorControl>;
}

const NOTHING_SAID: ControlAnswer = { collectors: new Map() };

/** Reads an answer. Pure. @throws SluiceError reading_invalid naming every fault; then the last valid answer goes on */
export function parseControl(text: string, names: ReadonlySet<string>): ControlAnswer {
  const faults: string[] = [];
  const root = mappingOf(text.trim() === '' ? '{}' : text);
  if (!root) throw invalid(['it is not a JSON object']);
  const { disabled, collectors: given = {}, ...others } = root;
  for (const key of Object.keys(others))
    faults.push(`"${key}" is not known; there are disabled and collectors`);
  if (disabled !== undefined && typeof disabled !== 'boolean') faults.push('disabled must be true or false');
  const collectors = new Map<string, CollectorControl>();
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    faults.push('collectors must be an object');
  else
    for (const [name, value] of Object.entries(given)) {
      if (!names.has(name)) faults.push(`there is no collector "${name}"`);
      else collectors.set(name, collectorControl(name, value, faults));
    }
  if (faults.length > 0) throw invalid(faults);
  return { disabled: typeof disabled === 'boolean' ? disabled : undefined, collectors };
}

function collectorControl(name: string, value: unknown, faults: string[]): CollectorControl {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    faults.push(`${name} must be an object`);
    return {};
  }
  const { disabled, every, ...others } = value as Record<string, unknown>;
  for (const key of Object.keys(others))
    faults.push(`${name}.${key} is not known; there are disabled and every`);
  if (disabled !== undefined && typeof disabled !== 'boolean')
    faults.push(`${name}.disabled must be true or false`);
  const everyMs = typeof every === 'string' ? parseDurationMs(every) : undefined;
  if (every !== undefined && (everyMs === undefined || everyMs < 1))
    faults.push(`${name}.every must be a duration like "500ms", at least 1ms`);
  return { disabled: typeof disabled === 'boolean' ? disabled : undefined, everyMs };
}

function mappingOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function invalid(faults: readonly string[]): SluiceError {
  return new SluiceError(
    'reading_invalid',
    `the control source answered what it should not: ${faults.join('; ')}`,
  );
}

/** The plan with what the control source said. A collector that takes every message keeps doing so. Pure. */
export function applyControl(plan: CapturePlan, answer: ControlAnswer): CapturePlan {
  return {
    ...plan,
    disabled: answer.disabled ?? plan.disabled,
    collectors: plan.collectors.map(one => {
      const { disabled = one.disabled, everyMs } = answer.collectors.get(one.name) ?? {};
      return { ...one, disabled, everyMs: one.everyMs === null ? null : (everyMs ?? one.everyMs) };
    }),
  };
}

export interface ControlPollerOptions {
  readonly clock: Clock;
  readonly onAnswer: (answer: ControlAnswer) => void;
  readonly onError: (error: SluiceError) => void;
}

/** Asks a control source over and over, one question at a time. An empty or filtered answer says nothing. */
export class ControlPoller {
  readonly #plan: ControlPlan;
  readonly #names: ReadonlySet<string>;
  readonly #options: ControlPollerOptions;
  readonly #source: ReadingSource;
  readonly #stopped = new AbortController();
  #cancelTimer = (): void => undefined;
  #asking: Promise<void> = Promise.resolve();

  /** @param names of the collectors that there are */
  constructor(plan: ControlPlan, names: ReadonlySet<string>, options: ControlPollerOptions) {
    this.#plan = plan;
    this.#names = names;
    this.#options = options;
    const { question } = plan;
    this.#source =
      'command' in question ? new ExecSource(['/bin/sh', '-c', question.command]) : new HttpSource(question);
  }

  /** Asks once, then again and again. Resolves with the first answer or failure. */
  start(): Promise<void> {
    this.#asking = this.#ask();
    return this.#asking;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#cancelTimer();
    await this.#asking;
    await this.#source.close();
  }

  async #ask(): Promise<void> {
    const { clock, onAnswer, onError } = this.#options;
    const { everyMs, timeoutMs } = this.#plan;
    const late = new AbortController();
    const cancelLate = clock.timer(timeoutMs, () =>
      late.abort(new SluiceError('timed_out', `the control source did not answer within ${timeoutMs} ms`)),
    );
    try {
      const raw = await this.#source.read(() => AbortSignal.any([late.signal, this.#stopped.signal]));
      const text = raw && 'bytes' in raw ? raw.bytes.toString('utf8') : '';
      if (!this.#stopped.signal.aborted) onAnswer(raw ? parseControl(text, this.#names) : NOTHING_SAID);
    } catch (error) {
      if (!this.#stopped.signal.aborted) onError(asSluiceError(error));
    } finally {
      cancelLate();
    }
    if (this.#stopped.signal.aborted) return;
    this.#cancelTimer = clock.timer(everyMs, () => {
      this.#asking = this.#ask();
    });
  }
}
