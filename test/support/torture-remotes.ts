import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { startGitDaemon, startHttpRemote, type TestRemote } from './git-remotes.ts';
import { authoringEnvironment, TestRepository } from './git-repositories.ts';

/** What happened to the remotes, by name. */
export type Mischief = Record<
  'grown' | 'forced' | 'emptied' | 'deleted' | 'corrupted' | 'dropping' | 'stalling',
  number
>;

interface Origin {
  readonly name: string;
  readonly path: string;
  readonly server: TestRemote;
  /** Not harmed, so that what is pinned has no reason to go. */
  readonly spared: boolean;
  /** Undoes what was done to it last. */
  mend: (() => void) | undefined;
}

/** Many repositories behind git daemon and smart HTTP, to which bad things happen. */
export class TortureRemotes {
  readonly mischief: Mischief = {
    grown: 0,
    forced: 0,
    emptied: 0,
    deleted: 0,
    corrupted: 0,
    dropping: 0,
    stalling: 0,
  };
  readonly #origins: Origin[] = [];
  readonly #random: Random;
  #flaky: TestRemote | undefined;

  private constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** @param source a real repository, of which some of the origins are slices */
  static async start(
    t: TestContext,
    { folder, count, source, seed }: { folder: string; count: number; source: string; seed: number },
  ): Promise<TortureRemotes> {
    const remotes = new TortureRemotes(seed);
    const good = join(folder, 'good');
    const bad = join(folder, 'bad');
    for (const each of [good, bad]) mkdirSync(each, { recursive: true });
    const http = await startHttpRemote(t, good);
    const daemon = await startGitDaemon(t, good);
    remotes.#flaky = await startHttpRemote(t, bad);
    const history = execFileSync('git', [`--git-dir=${source}`, 'rev-list', '--reverse', 'HEAD'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    });
    const commits = history.trim().split('\n');
    for (let index = 0; index < count; index += 1) {
      const isFlaky = index % 6 === 5;
      const path = join(isFlaky ? bad : good, `r${index}.git`);
      const repository = new TestRepository(path);
      repository.git('config', 'uploadpack.allowFilter', 'true');
      if (index % 3 === 0) remotes.#slice(repository, source, commits);
      else remotes.#grow(path, 1000 + Math.floor(remotes.#random() * 3000));
      const server = isFlaky ? remotes.#flaky : index % 2 === 0 ? http : daemon;
      remotes.#origins.push({ name: `r${index}`, path, server, spared: index < 3, mend: undefined });
    }
    return remotes;
  }

  get urls(): readonly string[] {
    return this.#origins.map(({ name, server }) => `${server.origin}/${name}`);
  }

  /** Those that nothing bad happens to. */
  get sparedUrls(): readonly string[] {
    return this.#origins.filter(({ spared }) => spared).map(({ name, server }) => `${server.origin}/${name}`);
  }

  /** Does one thing to one of them. What was broken is mended the next time it is its turn. */
  strike(): void {
    const origin = this.#pick(this.#origins.filter(({ spared }) => !spared));
    if (origin.mend) {
      origin.mend();
      origin.mend = undefined;
      return;
    }
    const kinds = [
      'grown',
      'grown',
      'grown',
      'forced',
      'emptied',
      'deleted',
      'corrupted',
      'dropping',
      'stalling',
    ] as const;
    const kind = this.#pick(kinds);
    this.mischief[kind] += 1;
    origin.mend = this.#do(kind, origin);
  }

  /** Everything whole again. */
  mendAll(): void {
    for (const origin of this.#origins) {
      origin.mend?.();
      origin.mend = undefined;
    }
  }

  /** git's own count of each, by URL. */
  counts(): Map<string, number> {
    return new Map(
      this.#origins.map(({ name, path, server }) => [
        `${server.origin}/${name}`,
        Number(git(path, 'rev-list', '--count', '--all')),
      ]),
    );
  }

  #do(kind: keyof Mischief, { path }: Origin): (() => void) | undefined {
    const faults = this.#flaky?.faults ?? {};
    switch (kind) {
      case 'grown':
        this.#grow(path, 1 + Math.floor(this.#random() * 60));
        return undefined;
      case 'forced': {
        const tip = git(path, 'for-each-ref', '--format=%(objectname)', 'refs/heads/main');
        if (tip === '') return undefined;
        const back = git(path, 'rev-list', '-n', '20', tip).split('\n').at(-1) ?? tip;
        git(path, 'update-ref', 'refs/heads/main', back);
        this.#grow(path, 3);
        return undefined;
      }
      case 'emptied':
        for (const ref of git(path, 'for-each-ref', '--format=%(refname)').split('\n').filter(Boolean))
          git(path, 'update-ref', '-d', ref);
        return () => this.#grow(path, 30);
      case 'deleted':
        renameSync(path, `${path}-away`);
        return () => renameSync(`${path}-away`, path);
      case 'corrupted':
        return hidePacks(path);
      case 'dropping':
        faults.dropAfterBytes = 2000 + Math.floor(this.#random() * 50_000);
        return () => void delete faults.dropAfterBytes;
      default:
        faults.stallAfterBytes = 2000;
        return () => void delete faults.stallAfterBytes;
    }
  }

  /** A part of a real history, on the real one's objects. */
  #slice(repository: TestRepository, source: string, commits: readonly string[]): void {
    writeFileSync(join(repository.path, 'objects', 'info', 'alternates'), `${join(source, 'objects')}\n`);
    const upTo = commits[Math.floor(Math.min(commits.length, 6000) * (0.1 + 0.9 * this.#random())) - 1];
    repository.git('update-ref', 'refs/heads/main', upTo ?? commits[0] ?? '');
  }

  #grow(path: string, commits: number): void {
    const tip = git(path, 'for-each-ref', '--format=%(objectname)', 'refs/heads/main');
    const lines: string[] = [];
    for (let index = 0; index < commits; index += 1) {
      const salt = Math.floor(this.#random() * 2 ** 40).toString(36);
      const who = `P${index % 7} <p${index % 7}@example.org> ${1_700_000_000 + index * 60} +0000`;
      const message = `change ${salt} ${index}\n\n${salt.repeat(30)}`;
      lines.push(
        'commit refs/heads/main',
        `author ${who}`,
        `committer ${who}`,
        `data ${message.length}`,
        message,
      );
      if (index === 0 && tip !== '') lines.push(`from ${tip}`);
    }
    execFileSync('git', [`--git-dir=${path}`, 'fast-import', '--quiet', '--force'], {
      env: authoringEnvironment(),
      input: `${lines.join('\n')}\n`,
    });
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }
}

function git(path: string, ...args: readonly string[]): string {
  const env = authoringEnvironment();
  const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'ignore'];
  return execFileSync('git', [`--git-dir=${path}`, ...args], { env, stdio, encoding: 'utf8' }).trim();
}

/** Takes objects away until the answer is called. */
function hidePacks(path: string): () => void {
  const pack = join(path, 'objects', 'pack');
  const names = readdirSync(pack).filter(name => name.endsWith('.pack'));
  const alternates = join(path, 'objects', 'info', 'alternates');
  const hidden = [...names.map(name => join(pack, name)), ...(existsSync(alternates) ? [alternates] : [])];
  for (const file of hidden) renameSync(file, `${file}.hidden`);
  return () => {
    for (const file of hidden) {
      rmSync(file, { force: true });
      renameSync(`${file}.hidden`, file);
    }
  };
}
