import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { authoringEnvironment } from './git-repositories.ts';

/** The tree of every fixture commit: history is read without trees, so the empty one will do, and need not exist. */
const EMPTY_TREE = { sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904', sha256: '' };

export interface FixtureCommit {
  readonly parents?: readonly string[];
  /** All of the line after `author `; undefined for none. Strings are taken as UTF-8. */
  readonly author?: string | Buffer;
  readonly committer?: string | Buffer | undefined;
  /** Lines after the committer, as they stand. */
  readonly headers?: readonly (string | Buffer)[];
  readonly message?: string | Buffer;
}

export const ADA = 'Ada <ada@example.org> 1700000000 +0100';

/** A bare repository for reading history from: commits of any content, written at once without files. */
export class GitFixture {
  readonly gitDir: string;
  readonly #tree: string;

  constructor(gitDir: string, options: { readonly objectFormat?: 'sha1' | 'sha256' } = {}) {
    const format = options.objectFormat ?? 'sha1';
    this.gitDir = gitDir;
    execFileSync(
      'git',
      ['init', '-q', '--bare', `--object-format=${format}`, '--initial-branch=main', gitDir],
      { env: authoringEnvironment() },
    );
    this.#tree =
      EMPTY_TREE[format] || this.git(['hash-object', '-w', '-t', 'tree', '--stdin'], Buffer.alloc(0));
  }

  git(args: readonly string[], input?: string | Buffer, env: Record<string, string> = {}): string {
    return this.raw(args, input, env).toString('utf8').trim();
  }

  raw(args: readonly string[], input: string | Buffer = '', env: Record<string, string> = {}): Buffer {
    return execFileSync('git', [`--git-dir=${this.gitDir}`, ...args], {
      env: { ...authoringEnvironment(), GIT_NO_REPLACE_OBJECTS: '1', ...env },
      input,
      maxBuffer: 2 ** 30,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  /** Writes one commit exactly as given, however malformed, and returns its id. */
  commit(commit: FixtureCommit = {}): string {
    const bytes = commitBytes(this.#tree, commit);
    return this.git(['hash-object', '-w', '--literally', '-t', 'commit', '--stdin'], bytes);
  }

  /** Writes many commits in one process. Parents are positions in `commits`, each less than its own. */
  commits(
    commits: readonly (Omit<FixtureCommit, 'parents'> & { readonly parents: readonly number[] })[],
  ): string[] {
    const script: Buffer[] = [];
    commits.forEach((commit, index) => {
      const message = Buffer.from(commit.message ?? 'a message');
      // Without the reset, a commit without parents would go on from the one before.
      const head = ['reset refs/import', 'commit refs/import', `mark :${index + 1}`];
      head.push(`author ${commit.author ?? ADA}`);
      head.push(`committer ${commit.committer ?? ADA}`, `data ${message.length}`);
      script.push(Buffer.from(`${head.join('\n')}\n`), message, Buffer.from('\n'));
      commit.parents.forEach((parent, nth) => {
        script.push(Buffer.from(`${nth === 0 ? 'from' : 'merge'} :${parent + 1}\n`));
      });
      script.push(Buffer.from('\n'));
    });
    return this.import(script);
  }

  /** Runs a script of fast-import whose nth commit has mark n, on refs/import, and returns their ids. */
  import(script: readonly Buffer[]): string[] {
    const marks = join(this.gitDir, 'marks');
    // raw-permissive: zones of any size, as they occur.
    this.raw(
      ['fast-import', '--quiet', '--force', '--date-format=raw-permissive', `--export-marks=${marks}`],
      Buffer.concat(script),
    );
    this.git(['update-ref', '-d', 'refs/import']);
    const ids: string[] = [];
    for (const line of readFileSync(marks, 'utf8').trim().split('\n')) {
      const [mark = '', id = ''] = line.split(' ');
      ids[Number(mark.slice(1)) - 1] = id;
    }
    return ids;
  }

  /** Makes the refs exactly these. */
  setRefs(refs: ReadonlyMap<string, string>): void {
    const commands: string[] = [];
    for (const name of this.refs().keys()) if (!refs.has(name)) commands.push(`delete ${name}\n`);
    for (const [name, tip] of refs) commands.push(`update ${name} ${tip}\n`);
    this.git(['update-ref', '--no-deref', '--stdin'], commands.join(''));
  }

  /** All refs, as a bake is given them. */
  refs(): Map<string, string> {
    const text = this.git(['for-each-ref', '--format=%(refname) %(objectname)']);
    return new Map(text === '' ? [] : text.split('\n').map(line => line.split(' ') as [string, string]));
  }

  /** Writes a file of the repository, such as info/grafts. */
  write(name: string, content: string): void {
    writeFileSync(join(this.gitDir, name), content);
  }

  /** Commits that git counts from all refs. */
  count(): number {
    return Number(this.git(['rev-list', '--count', '--all']));
  }

  /** Lines of `git shortlog -sne --all`, with that mailmap. */
  authors(mailmapFile?: string): number {
    const config = ['-c', 'mailmap.blob=none:none'];
    if (mailmapFile) config.push('-c', `mailmap.file=${mailmapFile}`);
    const text = this.git([...config, 'shortlog', '-sne', '--all']);
    return text === '' ? 0 : text.split('\n').length;
  }
}

function commitBytes(tree: string, commit: FixtureCommit): Buffer {
  const { parents = [], headers = [], message = 'a message\n' } = commit;
  const lines: Buffer[] = [Buffer.from(`tree ${tree}\n`)];
  for (const parent of parents) lines.push(Buffer.from(`parent ${parent}\n`));
  const line = (keyword: string, rest: string | Buffer): void => {
    lines.push(Buffer.from(keyword), Buffer.from(rest), Buffer.from('\n'));
  };
  line('author ', commit.author ?? ADA);
  if (!('committer' in commit) || commit.committer !== undefined) line('committer ', commit.committer ?? ADA);
  for (const header of headers) line('', header);
  lines.push(Buffer.from('\n'), Buffer.from(message));
  return Buffer.concat(lines);
}
