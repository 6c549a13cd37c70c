import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { startGitDaemon, startHttpRemote, type TestRemote } from './git-remotes.ts';
import { authoringEnvironment, TestRepository } from './git-repositories.ts';

/** What happened to the remotes, by name. */
export type Mischief = Record<(typeof KINDS)[number], number>;

const KINDS = ['grown', 'forced', 'emptied', 'deleted', 'corrupted', 'dropping', 'stalling', 'slow'] as const;
/** What happens in one strike of twelve each; the rest is growth. */
const STRIKES = [...KINDS, 'grown', 'grown', 'grown', 'grown'] as const;
/** Of a real history, at most so much is taken: all of them together must not take longer to serve than to read. */
const LONGEST_SLICE = 6_000;

interface Origin {
  readonly name: string;
  readonly path: string;
  readonly server: TestRemote;
  /** Not harmed, so that what is pinned has no reason to go. */
  readonly spared: boolean;
  /** For a copy of a real one: its commits that have not come yet, the next one last. */
  readonly coming: string[];
  /** Undoes what was done to it last. */
  repair: (() => void) | undefined;
}

/** Many repositories behind git daemon and smart HTTP, to which bad things happen. */
export class TortureRemotes {
  readonly mischief = Object.fromEntries(KINDS.map(kind => [kind, 0])) as Mischief;
  readonly #origins: Origin[] = [];
  readonly #random: Random;
  readonly #nowMs: () => number;
  #flaky: TestRemote | undefined;

  private constructor({ seed, nowMs }: { readonly seed: number; readonly nowMs: () => number }) {
    this.#random = seededRandom(seed);
    this.#nowMs = nowMs;
  }

  static async start(
    t: TestContext,
    options: {
      readonly folder: string;
      readonly count: number;
      /** Real repositories: every third origin is a copy of one of them, up to some commit, and grows as it did. */
      readonly sources: readonly string[];
      readonly seed: number;
      /** When new commits are made. */
      readonly nowMs: () => number;
    },
  ): Promise<TortureRemotes> {
    const { folder, count, sources } = options;
    const remotes = new TortureRemotes(options);
    const good = join(folder, 'good');
    const bad = join(folder, 'bad');
    for (const each of [good, bad]) mkdirSync(each, { recursive: true });
    const http = await startHttpRemote(t, good);
    const daemon = await startGitDaemon(t, good);
    remotes.#flaky = await startHttpRemote(t, bad);
    const histories = sources.map(source => ({ source, commits: mainLine(source) }));
    for (let index = 0; index < count; index += 1) {
      const isFlaky = index % 6 === 5;
      const path = join(isFlaky ? bad : good, `r${index}.git`);
      const repository = new TestRepository(path);
      repository.git('config', 'uploadpack.allowFilter', 'true');
      const real = index % 3 === 0 ? histories[(index / 3) % histories.length] : undefined;
      const server = isFlaky ? remotes.#flaky : index % 2 === 0 ? http : daemon;
      const coming = real ? remotes.#copy(repository, real) : [];
      const origin = { name: `r${index}`, path, server, spared: index < 3, coming, repair: undefined };
      if (!real) remotes.#generate(origin, 1000 + Math.floor(remotes.#random() * 3000));
      remotes.#origins.push(origin);
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

  /** Does one thing to one of them. What was broken is repaired the next time it is its turn. */
  strike(): void {
    const origin = this.#pick(this.#origins.filter(({ spared }) => !spared));
    if (origin.repair) {
      origin.repair();
      origin.repair = undefined;
      return;
    }
    const kind = this.#pick(STRIKES);
    this.mischief[kind] += 1;
    origin.repair = this.#do(kind, origin);
  }

  /** Everything whole again. */
  repairAll(): void {
    for (const origin of this.#origins) {
      origin.repair?.();
      origin.repair = undefined;
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

  #do(kind: keyof Mischief, origin: Origin): (() => void) | undefined {
    const { path } = origin;
    const faults = this.#flaky?.faults ?? {};
    switch (kind) {
      case 'grown':
        this.#grow(origin, 1 + Math.floor(this.#random() * 60));
        return undefined;
      case 'forced': {
        const tip = git(path, 'for-each-ref', '--format=%(objectname)', 'refs/heads/main');
        if (tip === '') return undefined;
        const back = git(path, 'rev-list', '-n', '20', tip).split('\n').at(-1) ?? tip;
        git(path, 'update-ref', 'refs/heads/main', back);
        this.#generate(origin, 3);
        return undefined;
      }
      case 'emptied':
        for (const ref of git(path, 'for-each-ref', '--format=%(refname)').split('\n').filter(Boolean))
          git(path, 'update-ref', '-d', ref);
        return () => this.#generate(origin, 30);
      case 'deleted':
        renameSync(path, `${path}-away`);
        return () => renameSync(`${path}-away`, path);
      case 'corrupted':
        return hidePacks(path);
      case 'dropping':
        faults.dropAfterBytes = 2000 + Math.floor(this.#random() * 50_000);
        return () => void delete faults.dropAfterBytes;
      case 'slow':
        faults.pauseMs = 20;
        return () => void delete faults.pauseMs;
      default:
        faults.stallAfterBytes = 2000;
        return () => void delete faults.stallAfterBytes;
    }
  }

  /** A part of a real history, on the real one's objects. Answers with what is to come of it. */
  #copy(
    { path }: TestRepository,
    real: { readonly source: string; readonly commits: readonly string[] },
  ): string[] {
    writeFileSync(join(path, 'objects', 'info', 'alternates'), `${join(real.source, 'objects')}\n`);
    const commits = real.commits.slice(0, LONGEST_SLICE);
    const coming = commits.splice(Math.floor(commits.length * (0.1 + 0.8 * this.#random())));
    git(path, 'update-ref', 'refs/heads/main', commits.at(-1) ?? coming[0] ?? '');
    return coming.reverse();
  }

  /** A copy gets the next commits of the real one, with the dates that they have, unless it has gone its own way. */
  #grow(origin: Origin, commits: number): void {
    const next = origin.coming.splice(-commits)[0];
    const tip = next && git(origin.path, 'rev-parse', '--verify', '--quiet', 'refs/heads/main');
    if (next && tip && isAncestor(origin.path, tip, next))
      git(origin.path, 'update-ref', 'refs/heads/main', next);
    else this.#generate(origin, commits);
  }

  #generate({ path }: Origin, commits: number): void {
    const tip = git(path, 'for-each-ref', '--format=%(objectname)', 'refs/heads/main');
    // The first ones of all are old, what follows is made just now.
    const lastS = Math.floor(this.#nowMs() / 1000) - (tip === '' ? 30 * 86_400 : 0);
    const lines: string[] = [];
    for (let index = 0; index < commits; index += 1) {
      const salt = Math.floor(this.#random() * 2 ** 40).toString(36);
      const who = `P${index % 7} <p${index % 7}@example.org> ${lastS - commits + index + 1} +0000`;
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

/** Commits of the main line, oldest first. */
function mainLine(source: string): readonly string[] {
  const args = [`--git-dir=${source}`, 'rev-list', '--first-parent', '--reverse', 'HEAD'];
  return execFileSync('git', args, { encoding: 'utf8', maxBuffer: 2 ** 30 })
    .trim()
    .split('\n');
}

function isAncestor(path: string, one: string, other: string): boolean {
  return spawnSync('git', [`--git-dir=${path}`, 'merge-base', '--is-ancestor', one, other]).status === 0;
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
  const hidden = names.map(name => join(pack, name));
  if (existsSync(alternates)) hidden.push(alternates);
  for (const file of hidden) renameSync(file, `${file}.hidden`);
  return () => {
    for (const file of hidden) {
      rmSync(file, { force: true });
      renameSync(`${file}.hidden`, file);
    }
  };
}
