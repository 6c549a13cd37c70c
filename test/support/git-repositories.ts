import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { runGit } from '../../src/gather/repos/git/spawn.ts';

export { temporaryDirectory } from './temp-directory.ts';

/** Environment of a git that makes test repositories: same names and dates on every machine. */
export function authoringEnvironment(): NodeJS.ProcessEnv {
  const plain = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  return {
    ...Object.fromEntries(plain),
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_AUTHOR_DATE: '1700000000 +0100',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
    GIT_COMMITTER_DATE: '1700000000 +0100',
  };
}

/** A repository that a test writes to as its far side: bare, so any test server can serve it. */
export class TestRepository {
  readonly path: string;

  constructor(path: string, options: { readonly objectFormat?: 'sha1' | 'sha256' } = {}) {
    this.path = path;
    const format = `--object-format=${options.objectFormat ?? 'sha1'}`;
    execFileSync('git', ['init', '-q', '--bare', format, '--initial-branch=main', path], {
      env: authoringEnvironment(),
    });
  }

  git(...args: readonly string[]): string {
    return execFileSync('git', [`--git-dir=${this.path}`, ...args], {
      env: authoringEnvironment(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  }

  /** Adds a commit to a branch and returns its id; `files` replaces the whole tree. */
  commit(message: string, files: Readonly<Record<string, string>> = {}, ref = 'refs/heads/main'): string {
    const lines = [`commit ${ref}`, 'committer Ada <ada@example.org> 1700000000 +0100'];
    lines.push(`data ${Buffer.byteLength(message)}`, message);
    const tip = this.tip(ref);
    if (tip) lines.push(`from ${tip}`);
    lines.push('deleteall');
    for (const [name, content] of Object.entries(files)) {
      lines.push(`M 100644 inline ${name}`, `data ${Buffer.byteLength(content)}`, content);
    }
    this.fastImport(`${lines.join('\n')}\n`);
    return this.git('rev-parse', ref);
  }

  fastImport(script: string): void {
    execFileSync('git', [`--git-dir=${this.path}`, 'fast-import', '--quiet', '--force'], {
      env: authoringEnvironment(),
      input: script,
    });
  }

  tip(ref: string): string | undefined {
    return this.git('for-each-ref', '--format=%(objectname)', ref) || undefined;
  }
}

/** Branches and tags of a repository as `syncClone` reports them. */
export function refsOf(repository: TestRepository): Record<string, string> {
  const listing = repository.git(
    'for-each-ref',
    '--format=%(refname) %(objectname)',
    'refs/heads',
    'refs/tags',
  );
  const pairs = listing.split('\n').filter(Boolean);
  return Object.fromEntries(pairs.map(line => line.split(' ') as [string, string]));
}

/** Every object id in a clone, its packs and loose objects together. */
export async function objectsIn(gitDir: string): Promise<readonly string[]> {
  const listing = await runGit(['cat-file', '--batch-all-objects', '--batch-check=%(objecttype)'], {
    gitDir,
  });
  return listing.toString().trim().split('\n').filter(Boolean).sort();
}

/** Command lines of live processes that mention a text. */
export function processesMentioning(text: string): readonly string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && name !== String(process.pid))
    .map(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return ''; // It ended between the listing and the reading.
      }
    })
    .filter(line => line.includes(text));
}
