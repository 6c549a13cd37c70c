/** What a stand-in for a code host knows; the same for all kinds, each shows it in its own form. */

export interface ModelRepository {
  readonly id: number;
  path: string;
  private: boolean;
  archived: boolean;
  fork: boolean;
  empty: boolean;
  pushedAtMs: number;
  sizeKib: number;
  /** Paths that it had before: asked by those, the host answers as hosts do after a rename. */
  readonly formerPaths: string[];
}

export interface ModelEvent {
  readonly id: number;
  readonly kind: 'comment' | 'review' | 'labeled' | 'review_requested' | 'closed' | 'reopened' | 'merged';
  readonly atMs: number;
  readonly actor: string;
  readonly review?: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED';
  readonly label?: string;
}

export interface ModelChangeset {
  readonly id: number;
  readonly number: number;
  readonly repository: ModelRepository;
  title: string;
  author: string;
  state: 'open' | 'closed' | 'merged';
  draft: boolean;
  readonly createdAtMs: number;
  updatedAtMs: number;
  closedAtMs?: number;
  headCommit: string;
  labels: string[];
  check?: 'success' | 'failure' | 'pending';
  /** When the check ended; a second after the commit where that is not said. */
  checkedAtMs?: number;
  readonly commits: { readonly oid: string; readonly atMs: number }[];
  readonly events: ModelEvent[];
}

/** Repositories and changesets that a test makes up. */
export class ForgeModel {
  readonly repositories: ModelRepository[] = [];
  readonly changesets: ModelChangeset[] = [];
  #ids = 1000;

  nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  addRepository(path: string, values: Partial<ModelRepository> = {}): ModelRepository {
    const repository: ModelRepository = {
      id: this.nextId(),
      path,
      private: false,
      archived: false,
      fork: false,
      empty: false,
      pushedAtMs: Date.parse('2026-01-02T03:04:05Z'),
      sizeKib: 120,
      formerPaths: [],
      ...values,
    };
    this.repositories.push(repository);
    return repository;
  }

  addChangeset(repository: ModelRepository, values: Partial<ModelChangeset> = {}): ModelChangeset {
    const id = this.nextId();
    const number = this.changesets.filter(each => each.repository === repository).length + 1;
    const createdAtMs = Date.parse('2026-02-01T00:00:00Z') + number * 60_000;
    const headCommit = id.toString(16).padStart(40, '0');
    const changeset: ModelChangeset = {
      id,
      number,
      repository,
      title: `Change ${number}`,
      author: 'ada',
      state: 'open',
      draft: false,
      createdAtMs,
      updatedAtMs: createdAtMs,
      headCommit,
      labels: [],
      commits: [{ oid: headCommit, atMs: createdAtMs }],
      events: [],
      ...values,
    };
    this.changesets.push(changeset);
    return changeset;
  }

  addEvent(changeset: ModelChangeset, values: Partial<ModelEvent> = {}): ModelEvent {
    const last = changeset.events.at(-1)?.atMs ?? changeset.createdAtMs;
    const event: ModelEvent = {
      id: this.nextId(),
      kind: 'comment',
      atMs: last + 1000,
      actor: 'grace',
      ...values,
    };
    changeset.events.push(event);
    changeset.updatedAtMs = Math.max(changeset.updatedAtMs, event.atMs);
    return event;
  }

  /** Gives it another path; the old one leads to it as hosts do. */
  rename(repository: ModelRepository, path: string): void {
    repository.formerPaths.push(repository.path);
    repository.path = path;
  }

  repository(path: string): ModelRepository | undefined {
    const wanted = path.toLowerCase();
    return (
      this.repositories.find(each => each.path.toLowerCase() === wanted) ??
      this.repositories.find(each => each.formerPaths.some(former => former.toLowerCase() === wanted))
    );
  }

  owned(owner: string): ModelRepository[] {
    return this.repositories.filter(({ path }) => path.startsWith(`${owner}/`));
  }

  of(repository: ModelRepository): ModelChangeset[] {
    return this.changesets.filter(each => each.repository === repository);
  }

  find(repository: ModelRepository | undefined, number: number): ModelChangeset | undefined {
    return this.changesets.find(each => each.repository === repository && each.number === number);
  }

  remove(changeset: ModelChangeset): void {
    this.changesets.splice(this.changesets.indexOf(changeset), 1);
  }
}

/** Those wanted by state, last updated first. */
export function listed(changesets: readonly ModelChangeset[], state: string | null): ModelChangeset[] {
  return changesets
    .filter(each => state === 'all' || each.state === 'open')
    .sort((a, b) => b.updatedAtMs - a.updatedAtMs || b.id - a.id);
}

export function iso(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
