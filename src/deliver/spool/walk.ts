import { lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { isUnspeakable, readNames, shownName } from '../intake/watch/names.ts';

/** What `walkFiles` comes across. */
export type WalkedFile =
  | { readonly path: string; readonly relative: string; readonly stats: Stats }
  /** Something that is not a plain file, and why it is skipped. */
  | {
      readonly path: string;
      readonly relative: string;
      readonly problem: string;
      /** Whether it is a directory, so that what is in it is not known. */
      readonly isDirectory: boolean;
    };

/** Directories read before the event loop gets its turn. */
const YIELD_EVERY = 50;

/** What was there when its directory was read, and is not any more. */
const VANISHED = 'it has vanished';

/**
 * Every file below a directory; nothing in it stops the walk. Links are not followed.
 * @param tellsVanished whether what vanishes meanwhile is a problem, the directory itself included; else it is left out
 */
export async function* walkFiles(root: string, tellsVanished = false): AsyncGenerator<WalkedFile> {
  const pending = [''];
  for (let count = 1; pending.length > 0; count += 1) {
    const below = pending.pop() ?? '';
    if (count % YIELD_EVERY === 0) await new Promise(resolve => setImmediate(resolve));
    for (const name of namesIn(root, below, tellsVanished)) {
      if (typeof name !== 'string') {
        yield name;
        continue;
      }
      const relative = below === '' ? name : `${below}/${name}`;
      const path = join(root, relative);
      if (isUnspeakable(name)) {
        const shown = join(below, shownName(name));
        const problem = 'its name is not valid UTF-8; rename it';
        yield { path: join(root, shown), relative: shown, problem, isDirectory: false };
        continue;
      }
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats?.isDirectory()) pending.push(relative);
      else if (stats?.isFile()) yield { path, relative, stats };
      else if (stats) {
        const problem = stats.isSymbolicLink() ? 'it is a symbolic link' : 'it is no regular file';
        yield { path, relative, problem, isDirectory: false };
      } else if (tellsVanished) yield { path, relative, problem: VANISHED, isDirectory: false };
    }
  }
}

function namesIn(
  root: string,
  relative: string,
  tellsVanished: boolean,
): (string | Extract<WalkedFile, { problem: string }>)[] {
  const directory = join(root, relative);
  try {
    return readNames(directory);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' && !tellsVanished) return [];
    const problem = code === 'ENOENT' ? VANISHED : `it cannot be read: ${code}`;
    return [{ path: directory, relative, problem, isDirectory: true }];
  }
}
