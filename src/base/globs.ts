/**
 * Globs over paths with slashes, one dialect wherever files are chosen by their names. `*` and `?` stop at slashes, `**`
 * does not; all else means itself. Letter case does not count: Windows programs write `.TMP`. One without a slash is
 * meant for the name of a file, or of a folder around it; one with a slash for the whole path, from its beginning. A
 * slash at the end says that a folder is meant, and what is in it.
 */
export class Globs {
  readonly #name: RegExp | undefined;
  readonly #path: RegExp | undefined;

  constructor(globs: readonly string[]) {
    const plain = globs.map(withoutEndingSlash);
    this.#name = anyOf(plain.filter(glob => !glob.includes('/')));
    this.#path = anyOf(plain.filter(glob => glob.includes('/')));
  }

  /** Whether there is none, so that nothing is meant. */
  get isEmpty(): boolean {
    return !this.#name && !this.#path;
  }

  /** Whether the path itself is meant, whatever holds for folders around it. */
  mean(path: string): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return (this.#name?.test(name) ?? false) || (this.#path?.test(path) ?? false);
  }

  /** Whether the path is meant, or a folder around it. */
  meanWithin(path: string): boolean {
    if (this.isEmpty) return false;
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
      if (this.mean(path.slice(0, end))) return true;
    }
    return this.mean(path);
  }
}

/** Which files below a folder are meant. Plain data. */
export interface SelectionSetup {
  /** Globs; where there are any, only what they mean. */
  readonly include: readonly string[];
  /** Globs of what is left out, whatever `include` says. */
  readonly exclude: readonly string[];
}

/** Which files below a folder are meant: those that `include` means, all where it is empty, but for `exclude`. */
export class Selection {
  readonly #include: Globs;
  readonly #exclude: Globs;

  constructor({ include, exclude }: SelectionSetup) {
    this.#include = new Globs(include);
    this.#exclude = new Globs(exclude);
  }

  /** @param path of a file, below the folder */
  has(path: string): boolean {
    return (this.#include.isEmpty || this.#include.meanWithin(path)) && !this.excludes(path);
  }

  /** Whether `exclude` leaves it out, whatever it is, and all below it. */
  excludes(path: string): boolean {
    return this.#exclude.meanWithin(path);
  }
}

/** What is likely meant otherwise than it would be read, in words for whoever wrote it; undefined: nothing. Pure. */
export function globFault(glob: string): string | undefined {
  if (/\{[^{}]*[,.][^{}]*\}/.test(glob))
    return 'has braces, which mean themselves; write one pattern for each';
  if (/\[[^\]]+\]/.test(glob)) return 'has brackets, which mean themselves; write ? for any one character';
  if (glob.startsWith('!')) return 'begins with "!", which means itself; use include and exclude';
  if (/(^|\/)\.\.?(\/|$)/.test(glob)) return 'is a path with "." or ".."; begin below the folder';
  if (/^\/*$/.test(glob)) return 'names nothing';
  return undefined;
}

/** A folder is what has something in it. */
function withoutEndingSlash(glob: string): string {
  if (!glob.endsWith('/')) return glob;
  const folder = glob.replace(/\/+$/, '');
  return `${folder.includes('/') ? '' : '**/'}${folder}/**`;
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
