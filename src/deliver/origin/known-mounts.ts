import { readdirSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { isWithin, type Mount, readMounts } from '../../base/files/locations.ts';
import type { Journal } from '../../keep/local/journal.ts';

/** What is mounted is read at most so often as files arrive. */
const READ_EVERY_MS = 1000;

export interface KnownMountsOptions {
  readonly journal: Pick<Journal, 'mounts' | 'noteMount' | 'forgetMount'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Folders whose files are delivered. */
  readonly roots: readonly string[];
  /** A test may mount what it likes. */
  readonly read?: () => readonly Mount[];
}

/**
 * What is mounted within folders whose files are delivered: a disk below a folder, say. Kept on record, so that files of
 * it that wait are not called missing when it is taken away, after a restart either.
 *
 *   unknown ──noted while mounted──▶ known ──unmounted──▶ away ──mounted again──▶ known
 *                                                          └──its folder has files of its own──▶ unknown
 */
export class KnownMounts {
  readonly #options: KnownMountsOptions & { readonly read: () => readonly Mount[] };
  #known: Set<string> | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: KnownMountsOptions) {
    this.#options = { ...options, read: options.read ?? readMounts };
  }

  /** Files arrive, or may have: puts what is mounted now on record. Never throws: what is not noted now is the next time. */
  note(): void {
    const { clock, journal, roots, read } = this.#options;
    if (clock.monotonicMs() - this.#readAtMs < READ_EVERY_MS) return;
    this.#readAtMs = clock.monotonicMs();
    try {
      const known = this.#all();
      for (const { at } of read()) {
        if (known.has(at) || !roots.some(root => at !== root && isWithin(at, root))) continue;
        known.add(at);
        journal.noteMount(at).catch(() => known.delete(at));
      }
    } catch {
      // The journal is in trouble, which others tell.
    }
  }

  /**
   * The mount that a path lies in and that is not there now; undefined where there is none. A folder in its place that
   * holds something is an ordinary one since.
   */
  awayAt(path: string): string | undefined {
    const known = [...this.#all()].filter(at => isWithin(path, at));
    if (known.length === 0) return undefined;
    const mounted = new Set(this.#options.read().map(({ at }) => at));
    const away = known.filter(at => !mounted.has(at)).sort((one, other) => one.length - other.length);
    for (const at of away) {
      if (isBare(at)) return at;
      this.#known?.delete(at);
      this.#options.journal.forgetMount(at).catch(() => this.#known?.add(at));
    }
    return undefined;
  }

  #all(): Set<string> {
    this.#known ??= new Set(this.#options.journal.mounts());
    return this.#known;
  }
}

/** Whether a folder is not there, or empty, as the place of a mount is without it. */
function isBare(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch {
    return true;
  }
}
