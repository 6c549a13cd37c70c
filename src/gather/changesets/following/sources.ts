import type { Config } from '../../../config/schema.ts';
import type { CodeHosts } from '../hosts/code-hosts.ts';

/** What of the configuration brings changesets in, beside single addresses. */
export interface ChangesetSource {
  /** `repository github.com/owner/name`: unique. */
  readonly name: string;
  readonly host: string;
  readonly kind: 'repository' | 'owner' | 'author' | 'query';
  /** Path below the host, or the query. */
  readonly what: string;
}

/** On whose account a changeset is followed, where it is not a source's. */
export const HAND = 'hand';
export const CONFIGURATION = 'configuration';

/** What a configuration has followed: sources of changesets, and single ones by address. */
export interface WantedChangesets {
  readonly sources: readonly ChangesetSource[];
  readonly urls: readonly string[];
}

/** @throws SluiceError `url_invalid` for an address of no known host */
export function wantedChangesets(config: Config, hosts: CodeHosts): WantedChangesets {
  const sources = new Map<string, ChangesetSource>();
  const urls: string[] = [];
  const add = (kind: ChangesetSource['kind'], host: string, what: string): void => {
    const name = `${kind} ${host}${kind === 'query' ? ' ' : '/'}${what}`;
    sources.set(name.toLowerCase(), { name, host, kind, what });
  };
  for (const entry of config.changesets.follow) {
    if ('url' in entry) {
      urls.push(entry.url);
      continue;
    }
    for (const kind of ['repository', 'owner', 'author'] as const) {
      const address = entry[kind];
      if (address === undefined) continue;
      const { host, path } = hosts.hostAndPath(address);
      add(kind, host, path);
    }
    if (entry.query !== undefined && entry.host !== undefined) add('query', entry.host, entry.query);
  }
  return { sources: [...sources.values()], urls };
}

/** A source as its name says it; undefined for a name of another form. */
export function sourceNamed(name: string): ChangesetSource | undefined {
  const match = /^(repository|owner|author|query) ([^/ ]+)[/ ](.+)$/s.exec(name);
  if (!match) return undefined;
  const [, kind, host = '', what = ''] = match;
  return { name, host, kind: kind as ChangesetSource['kind'], what };
}
