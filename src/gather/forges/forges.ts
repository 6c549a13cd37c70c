import { SluiceError } from '../../base/errors.ts';
import { inWords, withoutCredentials } from '../../base/text.ts';
import type { CallBudget } from '../../engine/call-budgets/call-budget.ts';
import type { ChangesetRef } from './changeset.ts';
import { FORGES } from './definitions.ts';
import type { Forge, ForgeSettings, OpenForge } from './forge.ts';

const KINDS = FORGES.map(({ kind }) => kind);
/** Addresses of changesets, one a kind; the first in full. */
const EXAMPLES = FORGES.map(({ knownHosts: [host = ''], pageExample }, index) =>
  index === 0 ? `https://${host}/owner/name/${pageExample}` : `…/${pageExample}`,
);

/** The code hosts of a station, by name. Opened once; stateless but for their connections. */
export class Forges {
  readonly #forges: ReadonlyMap<string, Forge>;

  constructor(settings: readonly ForgeSettings[], open: OpenForge, budget: CallBudget) {
    this.#forges = new Map(settings.map(each => [each.host, open(each, { budget })]));
  }

  get all(): readonly Forge[] {
    return [...this.#forges.values()];
  }

  /** By its name under `hosts:`; undefined where it is none that is known. */
  find(host: string): Forge | undefined {
    return this.#forges.get(host.toLowerCase());
  }

  /** @throws SluiceError `url_invalid` where the host is none that is known */
  of(host: string): Forge {
    const forge = this.find(host);
    if (forge !== undefined) return forge;
    throw new SluiceError('url_invalid', `${host} is no code host that sluice knows`, {
      subject: host,
      hint: `Set hosts["${host}"].kind to ${inWords(KINDS, 'or')} in sluice.yaml. Known: ${this.#names()}.`,
    });
  }

  /**
   * Where the changeset of a page's address is.
   * @throws SluiceError `url_invalid` when the address is no changeset's, or of no host that is known
   */
  locate(url: string): ChangesetRef {
    for (const forge of this.#forges.values()) {
      const ref = forge.parseChangesetUrl(url);
      if (ref !== undefined) return ref;
    }
    const shown = withoutCredentials(url).slice(0, 200);
    throw new SluiceError(
      'url_invalid',
      `${shown} is the address of no changeset on a host that sluice knows`,
      {
        subject: shown,
        hint: `Give it as ${inWords(EXAMPLES, 'or')}. A host of your own needs hosts[${nameIn(url)}].kind in sluice.yaml; known: ${this.#names()}.`,
      },
    );
  }

  /** Closes all of them. May be called again. */
  async close(): Promise<void> {
    await Promise.all(this.all.map(forge => forge.close()));
  }

  #names(): string {
    return [...this.#forges.keys()].join(', ');
  }
}

/** Of an address, what it would stand under in the configuration. */
function nameIn(url: string): string {
  return URL.canParse(url) ? JSON.stringify(new URL(url).host) : '<name>';
}
