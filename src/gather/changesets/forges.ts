import { createHash } from 'node:crypto';
import { SluiceError } from '../../base/errors.ts';
import type { Config } from '../../config/schema.ts';
import type { CallBudget } from '../forges/budget.ts';
import type { ChangesetRef } from '../forges/changeset.ts';
import type { Forge, ForgeCredential, ForgeKind, ForgeSettings, OpenForge } from '../forges/forge.ts';

/** What answers at the well-known hosts. */
const WELL_KNOWN: Readonly<Record<string, ForgeKind>> = {
  'github.com': 'github',
  'gitlab.com': 'gitlab',
  'gitea.com': 'gitea',
  'codeberg.org': 'gitea',
};

/** How the hosts of a configuration are opened: the well-known ones, and those whose `kind` it tells. */
export function forgeSettings(config: Config): readonly ForgeSettings[] {
  const names = new Set([...Object.keys(WELL_KNOWN), ...Object.keys(config.hosts)]);
  return [...names].flatMap(host => {
    const settings = config.hosts[host];
    const kind = settings?.kind ?? WELL_KNOWN[host];
    if (kind === undefined) return [];
    return {
      kind,
      host,
      baseUrl: settings?.baseUrl ?? `https://${host}`,
      credentials: credentialsOf(settings),
      webhookSecret: settings?.webhookSecret,
      timeoutMs: config.changesets.timeoutMs,
    };
  });
}

function credentialsOf(settings: Config['hosts'][string] | undefined): readonly ForgeCredential[] {
  const tokens = [...(settings?.token === undefined ? [] : [settings.token]), ...(settings?.tokens ?? [])];
  return [...new Set(tokens)].map(token => ({ kind: 'token', id: credentialId(token), token }));
}

/** Names a token in messages and across restarts, and tells nothing of it. */
function credentialId(token: string): string {
  return `token ${createHash('sha256').update(`sluice ${token}`).digest('hex').slice(0, 8)}`;
}

/** Code hosts by name, opened when they are first needed. */
export class Forges {
  readonly #open: OpenForge;
  readonly #budget: CallBudget;
  #settings: readonly ForgeSettings[] = [];
  readonly #opened = new Map<string, Forge>();

  constructor(open: OpenForge, budget: CallBudget) {
    this.#open = open;
    this.#budget = budget;
  }

  /** Takes over other settings; hosts whose own have not changed stay open. @returns hosts whose settings changed */
  async configure(settings: readonly ForgeSettings[]): Promise<readonly string[]> {
    const before = new Map(this.#settings.map(each => [each.host, JSON.stringify(each)]));
    const after = new Map(settings.map(each => [each.host, JSON.stringify(each)]));
    this.#settings = settings;
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      host => before.get(host) !== after.get(host),
    );
    await Promise.all(changed.map(host => this.#close(host)));
    return changed;
  }

  /** Throws `not_found` for a host that is none of the known ones. */
  of(host: string): Forge {
    const opened = this.#opened.get(host);
    if (opened) return opened;
    const settings = this.#settings.find(each => each.host === host);
    if (!settings) {
      throw new SluiceError('not_found', `${host} is no code host that is known here`, {
        subject: host,
        hint: `Put it under hosts: in sluice.yaml, with its kind (github, gitlab or gitea).`,
      });
    }
    const forge = this.#open(settings, { budget: this.#budget });
    this.#opened.set(host, forge);
    return forge;
  }

  /** The changeset that an address means, on any known host; undefined where it is no changeset's. */
  changesetAt(url: string): ChangesetRef | undefined {
    for (const { host, baseUrl } of this.#settings) {
      if (!url.toLowerCase().startsWith(`${baseUrl.toLowerCase()}/`)) continue;
      const ref = this.of(host).parseChangesetUrl(url);
      if (ref) return ref;
    }
    return undefined;
  }

  /**
   * Host and path below it of a repository's or owner's address.
   * @throws SluiceError `url_invalid` for an address of no known host
   */
  placeOf(url: string): { readonly host: string; readonly path: string } {
    for (const { host, baseUrl } of this.#settings) {
      if (!url.toLowerCase().startsWith(`${baseUrl.toLowerCase()}/`)) continue;
      const path = url
        .slice(baseUrl.length + 1)
        .replace(/[?#].*$/, '')
        .replace(/\/+$/, '')
        .replace(/\.git$/, '');
      if (path !== '') return { host, path };
    }
    throw new SluiceError('url_invalid', `${url} is at no code host that is known here`, {
      subject: url,
      hint: 'Put its host under hosts: in sluice.yaml, with its kind (github, gitlab or gitea).',
    });
  }

  settings(): readonly ForgeSettings[] {
    return this.#settings;
  }

  kindOf(host: string): ForgeKind | undefined {
    return this.#settings.find(each => each.host === host)?.kind;
  }

  /** Closes all. May be called again. */
  async close(): Promise<void> {
    await Promise.all([...this.#opened.keys()].map(host => this.#close(host)));
  }

  async #close(host: string): Promise<void> {
    const forge = this.#opened.get(host);
    this.#opened.delete(host);
    await forge?.close();
  }
}
