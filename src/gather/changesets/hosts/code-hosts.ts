import { SluiceError } from '../../../base/errors.ts';
import type { Service } from '../../../base/lifecycle.ts';
import { withoutCredentials } from '../../../base/text.ts';
import type { CallBudget } from '../../../engine/call-budgets/call-budget.ts';
import type { ChangesetRef } from '../../forges/changeset.ts';
import type { Forge, ForgeSettings, OpenForge } from '../../forges/forge.ts';
import { Forges } from '../../forges/forges.ts';

/** The code hosts of the configuration in force, which may change while the station runs. */
export class CodeHosts implements Service {
  readonly name = 'code hosts';
  readonly #open: OpenForge;
  readonly #budget: CallBudget;
  readonly #wanted: () => readonly ForgeSettings[];
  #settings: readonly ForgeSettings[] = [];
  #forges: Forges;

  /** @param wanted as the configuration has them now */
  constructor(open: OpenForge, budget: CallBudget, wanted: () => readonly ForgeSettings[]) {
    this.#open = open;
    this.#budget = budget;
    this.#wanted = wanted;
    this.#forges = new Forges([], open, budget);
  }

  async start(): Promise<void> {
    await this.refresh();
  }

  /**
   * Takes over what the configuration has now. Where nothing has changed, nothing is touched. @returns hosts whose
   * settings changed
   */
  async refresh(): Promise<readonly string[]> {
    const settings = this.#wanted();
    const before = new Map(this.#settings.map(each => [each.host, JSON.stringify(each)]));
    const after = new Map(settings.map(each => [each.host, JSON.stringify(each)]));
    const names = [...new Set([...before.keys(), ...after.keys()])];
    const changed = names.filter(host => before.get(host) !== after.get(host));
    if (changed.length === 0) return changed;
    const old = this.#forges;
    this.#settings = settings;
    this.#forges = new Forges(settings, this.#open, this.#budget);
    await old.close();
    return changed;
  }

  /** @throws SluiceError `url_invalid` for a host that is not known */
  of(host: string): Forge {
    return this.#forges.of(host);
  }

  /** @throws SluiceError `url_invalid` for what is no changeset's address on a known host */
  locate(url: string): ChangesetRef {
    return this.#forges.locate(url);
  }

  /** Whether an address is a changeset's on a known host. */
  isChangeset(url: string): boolean {
    return this.#forges.all.some(forge => forge.parseChangesetUrl(url) !== undefined);
  }

  /**
   * Host, and path below it, of a repository's or owner's address.
   * @throws SluiceError `url_invalid` for an address on no known host
   */
  hostAndPath(url: string): { readonly host: string; readonly path: string } {
    for (const { host, baseUrl } of this.#settings) {
      if (!url.toLowerCase().startsWith(`${baseUrl.toLowerCase()}/`)) continue;
      const below = url.slice(baseUrl.length + 1).replace(/[?#].*$/, '');
      const path = below.replace(/\/+$/, '').replace(/\.git$/, '');
      if (path !== '') return { host, path };
    }
    const shown = withoutCredentials(url).slice(0, 200);
    throw new SluiceError('url_invalid', `${shown} is on no code host that sluice knows`, {
      subject: shown,
      hint: 'A host of your own needs hosts.<name>.kind in sluice.yaml.',
    });
  }

  /** Address of a known host's pages; that of its name where it is none. */
  baseUrlOf(host: string): string {
    return this.#settings.find(each => each.host === host)?.baseUrl ?? `https://${host}`;
  }

  settings(): readonly ForgeSettings[] {
    return this.#settings;
  }

  /** Closes all connections. May be called again. */
  stop(): Promise<void> {
    return this.#forges.close();
  }
}
