import { isDeepStrictEqual } from 'node:util';
import type { Part } from '../base/lifecycle.ts';
import type { Config } from '../config/schema.ts';
import type { CallBudget } from '../gather/forges/budget.ts';
import type { Forge, OpenForge } from '../gather/forges/forge.ts';
import { Forges } from '../gather/forges/forges.ts';
import { forgeSettings } from '../gather/forges/settings.ts';

/** A call of a listing without an answer ends after this long. */
const TIMEOUT_MS = 30_000;

/** The code hosts that owners are listed at: opened when the first is asked, and again when `hosts` has changed. */
export class OwnerForges implements Part {
  readonly name = 'code hosts';
  readonly #open: OpenForge;
  readonly #config: () => Config;
  readonly #budget: CallBudget;
  #forges: Forges | undefined;
  #hosts: Config['hosts'] | undefined;

  constructor(open: OpenForge, config: () => Config, budget: CallBudget) {
    this.#open = open;
    this.#config = config;
    this.#budget = budget;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    await this.#forges?.close();
    this.#forges = undefined;
  }

  /** Throws `url_invalid` where it is no code host that is known. */
  of(host: string): Forge {
    const { hosts } = this.#config();
    if (!this.#forges || !isDeepStrictEqual(hosts, this.#hosts)) {
      // Listings under way keep the one that they have; it closes with its last connection.
      this.#forges = new Forges(forgeSettings({ hosts }, TIMEOUT_MS), this.#open, this.#budget);
      this.#hosts = hosts;
    }
    return this.#forges.of(host);
  }
}
