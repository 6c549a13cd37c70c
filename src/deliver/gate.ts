import { asSluiceError } from '../base/errors.ts';
import { runProgram } from '../base/run-program.ts';
import type { DeliveryContext } from './context.ts';
import type { Dispatcher } from './queue/dispatcher.ts';
import type { GateSettings } from './settings.ts';

/**
 * Whether files may go, which opens and shuts the dispatcher:
 *
 *   shut ──ask(): an explicit yes──▶ open ──ask(): anything else──▶ shut
 *
 * Open from the start where no question is set, shut for good where only manual syncs deliver. A manual sync holds it
 * open meanwhile, whatever the state.
 */
export class Gate {
  readonly #context: Pick<DeliveryContext, 'settings' | 'log'>;
  readonly #dispatcher: Dispatcher;
  #isOpen: boolean;
  #holds = 0;

  constructor(context: Pick<DeliveryContext, 'settings' | 'log'>, dispatcher: Dispatcher) {
    const { automatic, gate } = context.settings;
    this.#context = context;
    this.#dispatcher = dispatcher;
    this.#isOpen = automatic && gate === null;
  }

  /** Whether scheduled syncs run. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Asks the question, where one is set. Never throws. */
  async ask(signal: AbortSignal): Promise<void> {
    const { settings, log } = this.#context;
    if (settings.automatic && settings.gate !== null && !signal.aborted) {
      const { open, reason } = await askGate(settings.gate, signal);
      // An answer that was cut off is none.
      if (signal.aborted) return;
      if (open !== this.#isOpen) log.info({ open, reason }, open ? 'the gate is open' : 'the gate is shut');
      this.#isOpen = open;
    }
    this.#apply();
  }

  /** Lets files go, whatever the schedule and the question say, until the function returned is called. */
  holdOpen(): () => void {
    this.#holds += 1;
    this.#apply();
    let isHeld = true;
    return () => {
      if (isHeld) this.#holds -= 1;
      isHeld = false;
      this.#apply();
    };
  }

  #apply(): void {
    if (this.#isOpen || this.#holds > 0) this.#dispatcher.open();
    else this.#dispatcher.shut();
  }
}

/** The answer to the gate's question. */
export interface GateAnswer {
  readonly open: boolean;
  /** Why not, or what it said. */
  readonly reason: string;
}

const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Asks whether to sync now. Only an explicit yes opens: the text `true` or `yes`, or JSON `true` or an object whose
 * `sync`, `open` or `allow` is `true`. A non-zero exit, an HTTP error, silence, or any other answer means no. Never
 * throws.
 */
export async function askGate(gate: GateSettings, signal: AbortSignal): Promise<GateAnswer> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(gate.timeoutMs)]);
  try {
    const text =
      'command' in gate ? await runCommand(gate.command, limited) : await fetchText(gate.url, limited);
    return isYes(text)
      ? { open: true, reason: 'yes' }
      : { open: false, reason: `it answered ${JSON.stringify(text.trim().slice(0, 80))}` };
  } catch (error) {
    return { open: false, reason: asSluiceError(error).message };
  }
}

/** Whether an answer is an explicit yes. Pure. */
export function isYes(text: string): boolean {
  const trimmed = text.trim();
  if (/^(yes|true)$/i.test(trimmed)) return true;
  try {
    const value: unknown = JSON.parse(trimmed);
    if (typeof value !== 'object' || value === null) return false;
    const answers = ['sync', 'open', 'allow'].filter(name => Object.hasOwn(value, name));
    return answers.length > 0 && answers.every(name => (value as Record<string, unknown>)[name] === true);
  } catch {
    return false;
  }
}

async function runCommand(command: string, signal: AbortSignal): Promise<string> {
  const { end } = runProgram(['/bin/sh', '-c', command], { signal, maxBytes: MAX_ANSWER_BYTES });
  const { exitCode, killedBy, output, complaint } = await end;
  if (exitCode !== 0) throw new Error(`it ended with ${killedBy ?? `exit code ${exitCode}`}: ${complaint}`);
  return output.toString('utf8');
}

async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal, redirect: 'error' });
  if (!response.ok) throw new Error(`it answered HTTP ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('it answers too much');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
