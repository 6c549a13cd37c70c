import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The root of the git work tree that holds a folder; undefined where there is none. */
export function repositoryAround(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    // A file in work trees and submodules, a folder elsewhere.
    if (existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return undefined;
  }
}
