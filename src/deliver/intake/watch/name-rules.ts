import type { NameRulesSetup } from './messages.ts';
import { type Directory, type DirectoryEntry, pathOf } from './tree.ts';

/**
 * Judges names by globs. One without a slash is meant for the file's name and for that of each folder around it; one
 * with a slash for the whole path below the bucket's folder. `*` and `?` stop at slashes, `**` does not. Letter case
 * does not count: Windows programs write `.TMP`.
 */
export class NameRules {
  readonly #temporary: Globs;
  readonly #ignore: Globs;
  readonly #placeDepths: NameRulesSetup['placeDepths'];

  constructor({ temporary, ignore, placeDepths }: NameRulesSetup) {
    this.#temporary = compile(temporary);
    this.#ignore = compile(ignore);
    this.#placeDepths = placeDepths;
  }

  /** Whether a writer will most likely rename it, or something around it. */
  isTemporary(place: DirectoryEntry): boolean {
    return place.directory.temporary || this.#matches(this.#temporary, place);
  }

  /** Whether it is to be left where it lies. */
  isIgnored(place: DirectoryEntry): boolean {
    if (!this.#ignore.name && !this.#ignore.path) return false;
    if (this.#matches(this.#ignore, place)) return true;
    for (let { directory } = place; directory.parent; directory = directory.parent) {
      if (this.#matches(this.#ignore, { directory: directory.parent, name: directory.name })) return true;
    }
    return false;
  }

  #matches({ name, path }: Globs, place: DirectoryEntry): boolean {
    if (!name && !path) return false;
    const own = this.#ownPath(place);
    if (own === '') return false;
    return (name?.test(place.name) ?? false) || (path?.test(own) ?? false);
  }

  /** The path below the bucket's folder; empty for what is not in one. */
  #ownPath({ directory, name }: DirectoryEntry): string {
    const root = rootOf(directory).path;
    const relative = pathOf(directory, name).slice(root === '/' ? 1 : root.length + 1);
    const depth = this.#placeDepths[root] ?? 0;
    return depth === 0 ? relative : relative.split('/').slice(depth).join('/');
  }
}

interface Globs {
  readonly name: RegExp | undefined;
  readonly path: RegExp | undefined;
}

function rootOf(directory: Directory): Directory {
  let at = directory;
  while (at.parent) at = at.parent;
  return at;
}

function compile(globs: readonly string[]): Globs {
  return {
    name: anyOf(globs.filter(glob => !glob.includes('/'))),
    path: anyOf(globs.filter(glob => glob.includes('/'))),
  };
}

function anyOf(globs: readonly string[]): RegExp | undefined {
  if (globs.length === 0) return undefined;
  return new RegExp(`^(?:${globs.map(sourceOf).join('|')})$`, 'isu');
}

/** The regular expression of a glob. Pure. */
function sourceOf(glob: string): string {
  return glob.replace(/^\/+/, '').replace(/\*\*\/?|[*?]|[\\^$.|+()[\]{}]/gu, part => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return `\\${part}`;
  });
}
