import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/** A name that a file of src exports, of the given kind (`class`, `interface`, `type`, `function`, `const`). */
export interface ExportedName {
  readonly file: string;
  readonly kind: string;
  readonly name: string;
}

/** Every file of src that holds code, as a path below src. */
export function sourceFiles(): string[] {
  return globSync('**/*.{ts,js}', { cwd: join(ROOT, 'src') }).sort();
}

/** What is declared and exported in src; what is only exported again does not count. */
export function exportedNames(): ExportedName[] {
  const declaration =
    /^export (?:declare |default |abstract |async )*(class|interface|type|function|const|let|enum)\*? (\w+)/gm;
  return sourceFiles().flatMap(file =>
    [...readFileSync(join(ROOT, 'src', file), 'utf8').matchAll(declaration)].map(
      ([, kind = '', name = '']) => ({ file, kind, name }),
    ),
  );
}

/** Every word in backticks. */
export function quotedWords(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word);
}

const ROOM = /^(base|config|keep|engine|gather|deliver|insights|server|cli|web)\//;

/** Whether a word means a file or folder of the repository; what a build writes does not count. */
export function isSourcePath(word: string): boolean {
  if (/\s|[<>{}…,]|:\/\//.test(word)) return false;
  if (/^(src|test|bench|scripts|bin|docs|examples)\/./.test(word)) return true;
  if (word.startsWith('dist/')) return false;
  return ROOM.test(word) || /^[\w*./-]+\.(ts|js)$/.test(word);
}

/**
 * Whether there is such a file or folder, in the repository or in src; `*` stands for any name. A name alone may be of
 * a file in a folder of `near`, or, with `*` in it, of any folder.
 */
export function existsInRepository(path: string, near: readonly string[] = []): boolean {
  const folders = near.map(word => (word.endsWith('/') ? word : dirname(word)));
  const places = ['', 'src/', ...folders.flatMap(folder => [`${folder}/`, `src/${folder}/`])];
  const pattern = path.includes('*') && !path.includes('/') ? `**/${path}` : path;
  return places.some(place => globSync(`${place}${pattern}`, { cwd: ROOT, exclude: IGNORED }).length > 0);
}

const IGNORED = ['node_modules/**', 'dist/**', '.git/**'];
