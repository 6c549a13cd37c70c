/** How many files may be under way to a profile at once, where the settings say so (`deliver.atOnce`). */
export class ProfileRooms {
  readonly #limits: Readonly<Record<string, number>>;
  readonly #underWay = new Map<string, Set<number>>();

  /** @param limits files at once, by profile */
  constructor(limits: Readonly<Record<string, number>>) {
    this.#limits = limits;
  }

  /** How many more files may be chosen for it now; Infinity where nothing bounds them. */
  room(profile: string): number {
    const limit = this.#limits[profile];
    if (limit === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, limit - (this.#underWay.get(profile)?.size ?? 0));
  }

  /** A file was chosen for it. */
  chose(profile: string, recordId: number): void {
    if (this.#limits[profile] === undefined) return;
    const underWay = this.#underWay.get(profile) ?? new Set();
    this.#underWay.set(profile, underWay.add(recordId));
  }

  /** A file that was chosen is kept from being tried, and may never be. */
  forget(recordId: number): void {
    for (const underWay of this.#underWay.values()) underWay.delete(recordId);
  }

  /**
   * A file that was chosen is not tried, has been, or is done with sending; may be called again.
   * @returns whether more may be chosen since
   */
  ended(profile: string, recordId: number): boolean {
    return this.#underWay.get(profile)?.delete(recordId) ?? false;
  }
}
