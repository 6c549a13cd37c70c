import { SluiceError } from '../../../base/errors.ts';
import type { CommitChurn, WaitingCommit } from '../../../keep/store/churn.ts';
import type { ObjectId } from '../../../keep/store/types.ts';
import { type GitProcess, spawnGit } from '../git/spawn.ts';
import { MARK, NumstatParser } from './numstat.ts';

/** Which repository is read, and how. */
export interface ChurnReaderOptions {
  readonly gitDir: string;
  /** Larger files count as binary: a file touched, without lines. */
  readonly largestFileBytes: number;
  /** What one process may take of the memory; `MAX_MEMORY_BYTES` by default. */
  readonly maxMemoryBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/** For a commit that changes a million files, each process; trees within trees may name more of them than there are atoms. */
const MAX_MEMORY_BYTES = 2 ** 30;

/** Commits that git was asked for and has not answered to the last. */
interface Question {
  readonly byHash: ReadonlyMap<ObjectId, WaitingCommit>;
  readonly answered: CommitChurn[];
  readonly resolve: (commits: CommitChurn[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One git process that is asked for the churn of commits, some hundreds at once, as often as is wanted. */
export class ChurnReader {
  readonly #git: GitProcess;
  /** In the order in which git was asked, the one that is being answered first. */
  readonly #questions: Question[] = [];
  #failure: unknown;

  constructor({ gitDir, largestFileBytes, maxMemoryBytes = MAX_MEMORY_BYTES, signal }: ChurnReaderOptions) {
    // As git log does it: renames are followed, roots are compared with nothing, merges change nothing.
    const diff = ['diff-tree', '--stdin', '--root', '-r', '-M', '-z', '--numstat', '--always'];
    this.#git = spawnGit(['-c', `core.bigFileThreshold=${largestFileBytes}`, ...diff], {
      gitDir,
      protocol: 'none',
      maxMemoryBytes,
      signal,
    });
    const parser = new NumstatParser({
      commit: (hash, files) => {
        const question = this.#questions[0];
        const commit = question?.byHash.get(hash);
        if (commit) question?.answered.push({ ...commit, files });
      },
      mark: () => {
        const question = this.#questions.shift();
        question?.resolve(question.answered);
      },
    });
    this.#git.stdout.on('data', (chunk: Buffer) => {
      try {
        parser.push(chunk);
      } catch (error) {
        this.#fail(
          new SluiceError('git_failed', 'git diff-tree wrote what cannot be read', { cause: error }),
        );
        this.#git.stdout.destroy();
      }
    });
    this.#git.done.then(
      () => this.#fail(new SluiceError('git_failed', 'git diff-tree ended before it had answered')),
      error => this.#fail(error),
    );
  }

  /** Nothing more can be read with it. */
  get isOver(): boolean {
    return this.#failure !== undefined;
  }

  /** The churn of these commits, without those that are not in the repository. Rejects as git fails. */
  read(commits: readonly WaitingCommit[]): Promise<CommitChurn[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const byHash = new Map(commits.map(commit => [commit.hash, commit]));
      this.#questions.push({ byHash, answered: [], resolve, reject });
      this.#git.stdin.write(`${commits.map(({ hash }) => hash).join('\n')}\n${MARK}`);
    });
  }

  /** Lets git end; what was asked for is answered before. */
  async close(): Promise<void> {
    this.#git.stdin.end();
    await this.#git.done.catch(() => undefined);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#questions.splice(0)) reject(this.#failure);
  }
}
