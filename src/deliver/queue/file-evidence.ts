import type { FileRecord } from '../../keep/local/journal.ts';

/** Files that are remembered; rather asked once too often than without bound. */
const MAX_REMEMBERED = 10_000;

/** What single files have shown of the places that they wait for: which holds they brought wrongly, which of them alone are unread. */
export class FileEvidence {
  /** By place: records that brought a hold which was disproved. */
  readonly #refuted = new Map<string, Set<number>>();
  /** Files that arrived, by the folder that they lay in. */
  readonly #arrivals = new Map<string, number>();
  /** By record whose content could not be read: how many others of its folder had arrived then. */
  readonly #unread = new Map<number, number>();

  /** A file of that folder arrived. */
  arrived({ id }: Pick<FileRecord, 'id'>, folder: string): void {
    for (const refuted of this.#refuted.values()) refuted.delete(id);
    this.#unread.delete(id);
    this.#arrivals.set(folder, (this.#arrivals.get(folder) ?? 0) + 1);
  }

  /** The hold of a place that a record brought was disproved. */
  refute(key: string, recordId: number): void {
    const refuted = this.#refuted.get(key) ?? new Set();
    this.#refuted.set(key, refuted);
    if (refuted.size >= MAX_REMEMBERED) refuted.clear();
    refuted.add(recordId);
  }

  isRefuted(key: string, recordId: number): boolean {
    return this.#refuted.get(key)?.has(recordId) === true;
  }

  /**
   * The content of a file of that folder could not be read.
   * @returns whether it is so for this file alone: others of the folder arrived since it failed last
   */
  unread({ id }: Pick<FileRecord, 'id'>, folder: string): boolean {
    const before = this.#unread.get(id);
    const now = this.#arrivals.get(folder) ?? 0;
    if (this.#unread.size >= MAX_REMEMBERED) this.#unread.clear();
    this.#unread.set(id, now);
    return before !== undefined && now > before;
  }
}
