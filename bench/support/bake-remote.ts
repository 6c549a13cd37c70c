import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { type Measured, measure } from './measure.ts';

const FIELDS = '%H%x00%P%x00%an%x00%ae%x00%ad%x00%cn%x00%ce%x00%cd%x00%s';
const CO_AUTHORS = '%x00%(trailers:key=Co-authored-by,valueonly)';

/** A copy of a repository that may get new commits; its objects are shared with the original. */
export function remoteCopy(repository: string, folder: string): string {
  const remote = join(folder, 'remote.git');
  execFileSync('git', ['clone', '-q', '--bare', '--shared', repository, remote]);
  return remote;
}

/** The only clone in a cache. */
export function cloneIn(cache: string): string {
  return join(cache, readdirSync(cache).find(name => name.endsWith('.git')) ?? '');
}

/** Sees when a clone comes into an empty cache: when it is whole, it is renamed into its place. */
export function awaitClone(cache: string): { atMs(): number; close(): void } {
  mkdirSync(cache, { recursive: true });
  let clonedAtMs = Number.NaN;
  const watcher = watch(cache, (_, name) => {
    if (name?.endsWith('.git') && Number.isNaN(clonedAtMs)) clonedAtMs = performance.now();
  });
  return { atMs: () => clonedAtMs, close: () => watcher.close() };
}

/** The yardstick: `git log --all` of the fields that a bake stores, to /dev/null. */
export function gitLog(clone: string, { coAuthors }: { readonly coAuthors: boolean }): Promise<Measured> {
  const format = `--format=${FIELDS}${coAuthors ? CO_AUTHORS : ''}`;
  return measure('git', ['-C', clone, 'log', '--all', '--date=raw', format], { discard: true });
}

/** Puts commits on the branch that HEAD names, each with a file that changed, as pushes have them. */
export function addCommits(remote: string, count: number): void {
  const branch = execFileSync('git', ['-C', remote, 'symbolic-ref', 'HEAD'], { encoding: 'utf8' }).trim();
  const commands = Array.from({ length: count }, (_, index) =>
    [
      `commit ${branch}`,
      `committer Bench <bench@example.com> ${Math.floor(Date.now() / 1000) + index} +0000`,
      'data 4',
      'news',
      ...(index === 0 ? [`from ${branch}^0`] : []),
      ...['M 100644 inline news', 'data <<END', `${Date.now()} ${index}`, 'END'],
      '',
    ].join('\n'),
  );
  execFileSync('git', ['-C', remote, 'fast-import', '--quiet'], { input: commands.join('\n') });
}
