import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Random } from '../../src/base/random.ts';
import type { SqlExecutor } from '../../src/keep/postgres/executor.ts';
import { startHttpRemote } from './git-remotes.ts';
import type { TestRepository } from './git-repositories.ts';
import { addCommits, grownRepository } from './sluice.ts';

const FEWEST_COMMITS = 200;
const MOST_COMMITS = 3000;
const MOST_NEW = 40;
/** Of so many changes one takes commits away. */
const FORCED_ONE_OF = 8;

/** Repositories behind smart HTTP that grow, and lose commits now and then, while stations gather them. */
export class FleetRepositories {
  readonly #repositories: ReadonlyMap<string, TestRepository>;
  readonly #random: Random;
  #changes = 0;

  private constructor(repositories: ReadonlyMap<string, TestRepository>, random: Random) {
    this.#repositories = repositories;
    this.#random = random;
  }

  static async start(
    t: Pick<TestContext, 'after'>,
    { folder, count, random }: { readonly folder: string; readonly count: number; readonly random: Random },
  ): Promise<FleetRepositories> {
    mkdirSync(folder, { recursive: true });
    const { origin } = await startHttpRemote(t as TestContext, folder);
    const repositories = new Map<string, TestRepository>();
    for (let index = 0; index < count; index += 1) {
      const commits = FEWEST_COMMITS + Math.floor(random() * (MOST_COMMITS - FEWEST_COMMITS));
      const repository = grownRepository(join(folder, `r${index}`), commits, 20);
      repository.git('config', 'uploadpack.allowFilter', 'true');
      repositories.set(`${origin}/r${index}`, repository);
    }
    return new FleetRepositories(repositories, random);
  }

  get urls(): readonly string[] {
    return [...this.#repositories.keys()];
  }

  /** How often one of them was changed. */
  get changes(): number {
    return this.#changes;
  }

  /** One of them grows, or loses its newest commits. */
  change(): void {
    const all = [...this.#repositories.values()];
    const repository = all[Math.floor(this.#random() * all.length)] as TestRepository;
    const isForced = this.#random() < 1 / FORCED_ONE_OF;
    if (isForced) {
      const back = 1 + Math.floor(this.#random() * MOST_NEW);
      repository.git('update-ref', 'refs/heads/main', repository.git('rev-parse', `refs/heads/main~${back}`));
    } else {
      addCommits(repository, 1 + Math.floor(this.#random() * MOST_NEW));
    }
    this.#changes += 1;
  }

  /**
   * How what is stored differs from what git says, a line each: the commits themselves, and every figure that is counted
   * of them. Empty where it does not.
   */
  async differences(database: SqlExecutor): Promise<string[]> {
    const differences: string[] = [];
    for (const [url, repository] of this.#repositories) {
      const wanted = repository.git('rev-list', '--all').split('\n').sort();
      const stored = await database.query(
        `SELECT encode(hash, 'hex') AS hash FROM commits
          WHERE repository_id = (SELECT id FROM repositories WHERE url = $1) ORDER BY hash`,
        [url],
      );
      const hashes = stored.map(row => String(row.hash));
      const missing = wanted.filter(hash => !new Set(hashes).has(hash)).length;
      const foreign = hashes.filter(hash => !new Set(wanted).has(hash)).length;
      if (missing > 0 || foreign > 0) {
        differences.push(`${url}: ${missing} commits missing, ${foreign} that git does not have`);
        continue;
      }
      const counted = await database.first(
        `SELECT r.commits AS total,
                (SELECT sum(commits) FROM identities WHERE repository_id = r.id) AS of_people,
                (SELECT sum(commits) FROM author_days WHERE repository_id = r.id) AS of_author_days,
                (SELECT sum(commits) FROM repository_days WHERE repository_id = r.id) AS of_days,
                (SELECT sum(commits) FROM repository_hours WHERE repository_id = r.id) AS of_hours
           FROM repositories r WHERE url = $1`,
        [url],
      );
      for (const [what, value] of Object.entries(counted ?? {})) {
        if (Number(value) !== wanted.length)
          differences.push(`${url}: ${value} ${what}, git counts ${wanted.length}`);
      }
    }
    return differences;
  }
}
