import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runGit } from '../git/spawn.ts';

/** What a clone in the cache knows of itself, in its configuration. */
export interface CloneNotes {
  readonly url: string;
  readonly objectFormat: 'sha1' | 'sha256';
  readonly lean: boolean;
  /** The spelling of the remote's address that worked. */
  readonly spelling: string;
  readonly otherRefs: number;
}

/**
 * Makes an empty bare repository with these notes in it; files that are there already stay. `git init` reads templates
 * and hooks of the machine unless kept from it.
 */
export async function initialiseClone(
  gitDir: string,
  notes: CloneNotes,
  signal?: AbortSignal,
): Promise<void> {
  const init = [
    'init',
    '--quiet',
    '--bare',
    '--template=',
    `--object-format=${notes.objectFormat}`,
    '--initial-branch=main',
  ];
  await runGit([...init, '--', gitDir], { signal, subject: notes.url });
  // Says that absent trees and blobs are no damage.
  const promisor = notes.lean ? ['[remote "origin"]', 'promisor = true', 'partialclonefilter = tree:0'] : [];
  const noteLines = [
    '[sluice]',
    `url = ${quote(notes.url)}`,
    `spelling = ${quote(notes.spelling)}`,
    `otherRefs = ${notes.otherRefs}`,
  ];
  await appendFile(join(gitDir, 'config'), `${[...promisor, ...noteLines].join('\n')}\n`);
}

/** A value in git's configuration syntax; control characters were refused with the URL. */
function quote(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}
