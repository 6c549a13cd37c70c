import type { z } from 'zod';

type Fields = typeof import('./fields.ts');

/**
 * What sluice.yaml may say depends on kinds of things that rooms further on define, each in one place. The schema is a
 * function of what it has to know of them.
 */
export interface Kinds {
  /** Kinds of code hosts. */
  readonly forges: readonly ForgeWords[];
  /** Kinds of what collectors read. */
  readonly readingSources: readonly ReadingSourceSetting[];
}

/** How a kind of code host is spoken of. */
export interface ForgeWords {
  /** What `hosts.<name>.kind` says; also stands before an owner's name (`github:name`). */
  readonly kind: string;
  /** Programs that answer like this kind; in lower case their names may stand before an owner's, too. */
  readonly alsoFor: readonly string[];
  /** Hosts of which everybody knows that they are of this kind. */
  readonly knownHosts: readonly string[];
  /** The host that is meant where an owner is given without one; undefined: it has to be given. */
  readonly defaultHost: string | undefined;
  /** Whether an owner may lie in another (`group/subgroup`). */
  readonly hasNestedOwners: boolean;
  /** What an owner is called in an example. */
  readonly ownerExample: string;
}

/** The key of a collector that names what it reads, if that is of this kind. */
export interface ReadingSourceSetting {
  readonly kind: string;
  /**
   * Makes the schema of the key's value, which may be left out. It is handed the building blocks of sections, so that
   * threads, which open sources and read no configuration, need not load them.
   */
  readonly setting: (fields: Fields) => z.ZodType;
  /** Makes the schemas of further keys of a collector that are this kind's alone; each may be left out. */
  readonly companions?: (fields: Fields) => Readonly<Record<string, z.ZodType>>;
  /** Whether readings come on their own where a collector has no interval. */
  readonly pushes: boolean;
}

/** An owner at a code host as an entry of `repos` names it. */
export interface OwnerName<F extends ForgeWords = ForgeWords> {
  readonly forge: F;
  /** Without the word before it. */
  readonly name: string;
}

/**
 * Reads `github:name`, `gitlab:group/subgroup`. Undefined for all else: where owners do not lie in one another,
 * `github:a/b` is an address for ssh.
 */
export function parseOwner<F extends ForgeWords>(
  text: string,
  forges: readonly F[],
): OwnerName<F> | undefined {
  const [, word, name] = /^(\w+):([^/:@\s]+(?:\/[^/:@\s]+)*)$/.exec(text) ?? [];
  if (word === undefined || name === undefined) return undefined;
  const forge = forges.find(({ kind, alsoFor }) =>
    [kind, ...alsoFor.map(program => program.toLowerCase())].includes(word),
  );
  return forge && (forge.hasNestedOwners || !name.includes('/')) ? { forge, name } : undefined;
}
