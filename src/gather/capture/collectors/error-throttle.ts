import type { Clock } from '../../../base/clock.ts';
import type { SluiceError } from '../../../base/errors.ts';

/** The same kind of error of the same collector is reported at most this often. */
const REPORT_EVERY_MS = 2_000;
const MAX_REMEMBERED = 1_000;

interface Reported {
  readonly atMs: number;
  /** How often it came since then. */
  suppressed: number;
}

/**
 * What errors have in common that differ only in the file, the number or the words that they quote. Of a full disk it is
 * the same for all collectors. Pure.
 */
export function kindOfError(collector: string, { code, operation = '', message }: SluiceError): string {
  if (code === 'disk_full') return code;
  const gist = message.replace(/'[^']*'|"[^"]*"|[^\s:]*\/\S*/g, '…').replace(/\d+/g, '0');
  return [collector, code, operation, gist].join('\n');
}

/** Decides which errors are reported, so that a collector that fails at each reading does not flood the log. */
export class ErrorThrottle {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #reported = new Map<string, Reported>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** @returns how often it was suppressed since its last report, or undefined where it is to be suppressed now */
  admit(collector: string, error: SluiceError): number | undefined {
    const key = kindOfError(collector, error);
    const nowMs = this.#clock.monotonicMs();
    const known = this.#reported.get(key);
    if (known && nowMs - known.atMs < REPORT_EVERY_MS) {
      known.suppressed += 1;
      return undefined;
    }
    if (!known && this.#reported.size >= MAX_REMEMBERED) this.#forgetOld(nowMs);
    this.#reported.set(key, { atMs: nowMs, suppressed: 0 });
    return known?.suppressed ?? 0;
  }

  #forgetOld(nowMs: number): void {
    for (const [key, { atMs }] of this.#reported)
      if (nowMs - atMs >= REPORT_EVERY_MS) this.#reported.delete(key);
  }
}
