import { Globs, Selection } from '../../../base/globs.ts';
import type { NameRulesSetup } from './messages.ts';
import { type DirectoryEntry, pathOf, topOf } from './tree.ts';

/** Judges names by globs, over the path below the bucket's folder or the folder that is delivered (base/globs.ts). */
export class NameRules {
  readonly #temporary: Globs;
  readonly #ignore: Globs;
  readonly #selections: ReadonlyMap<string, Selection>;
  readonly #placeDepths: NameRulesSetup['placeDepths'];

  constructor({ temporary, ignore, selections, placeDepths }: NameRulesSetup) {
    this.#temporary = new Globs(temporary);
    this.#ignore = new Globs(ignore);
    this.#selections = new Map(
      Object.entries(selections).map(([root, setup]) => [root, new Selection(setup)] as const),
    );
    this.#placeDepths = placeDepths;
  }

  /** Whether a writer will most likely rename it, or something around it. */
  isTemporary(place: DirectoryEntry): boolean {
    if (place.directory.temporary) return true;
    if (this.#temporary.isEmpty) return false;
    const own = this.#ownPath(place);
    return own !== '' && this.#temporary.mean(own);
  }

  /** Why a file is to be left where it lies; undefined: it is not. */
  leaves(place: DirectoryEntry): 'ignored' | 'excluded' | undefined {
    const selection = this.#selections.get(topOf(place.directory).path);
    if (this.#ignore.isEmpty && !selection) return undefined;
    const own = this.#ownPath(place);
    if (own === '') return undefined;
    if (this.#ignore.meanWithin(own)) return 'ignored';
    return selection?.has(own) === false ? 'excluded' : undefined;
  }

  /** The path below the bucket's folder; empty for what is not in one. */
  #ownPath({ directory, name }: DirectoryEntry): string {
    const root = topOf(directory).path;
    const relative = pathOf(directory, name).slice(root === '/' ? 1 : root.length + 1);
    const depth = this.#placeDepths[root] ?? 0;
    return depth === 0 ? relative : relative.split('/').slice(depth).join('/');
  }
}
