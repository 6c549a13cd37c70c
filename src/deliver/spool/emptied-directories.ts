import type { Clock } from '../../base/clock.ts';
import type { Enclosure } from '../../base/files/enclosure.ts';
import type { Area } from './address.ts';
import { systemErrorCode } from './files.ts';

/** Directories left by moves that are remembered; beyond that some stay until the next start. */
const MAX_LEFT = 10_000;
/** How long one pass over directories may take: nothing else is done meanwhile. */
const PASS_MS = 50;
/** The same for the last one: a stop has other things to do, too, and a folder that stays empty harms nobody. */
const LAST_PASS_MS = 500;
/** Areas in which only this process makes and removes directories. */
const PRUNABLE: ReadonlySet<Area> = new Set(['processing', 'failed']);

/**
 * Directories of the spool that files have left, and that may be empty now. States of one:
 *
 *   not known ──a file left it──▶ left ──prune──▶ resting ──prune──▶ removed where it is empty, else not known
 *                                  ▲                 │
 *                                  └──a file left it─┘
 *
 * So one that files go through all the time stays. Never in `incoming`, where somebody may be about to write into one; a
 * move that comes between makes its directory again.
 */
export class EmptiedDirectories {
  readonly #areas: Readonly<Record<Area, Enclosure>>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** Each beginning with its area. */
  #left = new Set<string>();
  readonly #resting = new Set<string>();

  constructor(areas: Readonly<Record<Area, Enclosure>>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#areas = areas;
    this.#clock = clock;
  }

  /** A file was moved out of a directory. @param directory below the area's folder */
  noteMove(area: Area, directory: string): void {
    if (PRUNABLE.has(area) && this.#left.size < MAX_LEFT) this.#left.add(`${area}/${directory}`);
  }

  /** A file was removed. @param directory below the area's folder */
  noteRemoval(area: Area, directory: string): void {
    if (area !== 'incoming') this.#left.add(`${area}/${directory}`);
  }

  /**
   * Removes those that are empty, with the empty ones around them, up to the bucket's folder. Takes no longer than it
   * may: what is left then is removed the next time.
   * @param atLast whether it is the last time: all that are empty are removed
   */
  prune(atLast: boolean): void {
    const endMs = this.#clock.monotonicMs() + (atLast ? LAST_PASS_MS : PASS_MS);
    const done = new Set<string>();
    const directories = atLast ? [...this.#resting, ...this.#left] : [...this.#resting];
    for (const directory of directories) {
      if (this.#clock.monotonicMs() >= endMs) break;
      this.#resting.delete(directory);
      if (!atLast && this.#left.has(directory)) continue;
      this.#pruneUp(directory, done);
    }
    for (const directory of this.#left) this.#resting.add(directory);
    this.#left = new Set();
  }

  /**
   * @param directory beginning with its area
   * @param done those that were tried in this pass and are gone, with all around them
   */
  #pruneUp(directory: string, done: Set<string>): void {
    const [area = '', ...segments] = directory.split('/');
    // profile/bucket stays.
    for (let depth = segments.length; depth > 2; depth -= 1) {
      const path = segments.slice(0, depth).join('/');
      const name = `${area}/${path}`;
      if (done.has(name)) return;
      try {
        this.#areas[area as Area].rmdir(path);
      } catch (error) {
        if (systemErrorCode(error) !== 'ENOENT') return;
      }
      done.add(name);
    }
  }
}
