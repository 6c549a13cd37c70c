import type { Clock } from '../../base/clock.ts';
import type { SluiceError } from '../../base/errors.ts';
import type { CallBudget } from '../../engine/call-budgets/call-budget.ts';
import type { Changeset, ChangesetEvent, ChangesetRef, ChangesetSummary } from './changeset.ts';
import type { OnUnseen, Unseen } from './unseen.ts';

/**
 * The contract of a code host's API. `github/`, `gitlab/` and `gitea/` keep it, and test/suites/forge-suite.ts
 * holds them to it.
 *
 * What every method promises:
 * - Before each HTTP call it asks `CallBudget.take`, after each it reports to `CallBudget.record`: nothing is sent
 *   that the budget did not let through.
 * - It tries once. Trying again is the engine's business; the only repetitions inside are to ask for fewer changesets
 *   at once when the host failed over many, and to ask with another credential when one is refused or used up.
 * - `token_refused` means that the host, asked about the token itself, does not take it. A 401 of one address alone is
 *   `scope_missing`.
 * - It throws `SluiceError` with a code and retry class from the catalogue, `retryAfterMs` where the host gave
 *   one. Codes that any method may throw: token_refused, token_wanted, scope_missing, rate_limited, forge_missing (the
 *   repository, owner or changeset is not there, or not for these eyes), forge_refused (the request is one that
 *   the host will not do), forge_answer_invalid (HTML, half an answer, another form than documented),
 *   host_failing, host_unknown, host_unreachable, connection_lost, timed_out, tls_failed, repository_moved (to
 *   another host), answer_too_large, cancelled.
 * - Answers are read entry by entry and as far as they can be: what is missing, null or of another form is unknown;
 *   an entry that cannot be told apart costs itself and is told of (`onUnseen`).
 * - Every listing is bounded: a page that was read already, too many pages or too long a time end it, and are told of.
 * - Iterables yield what has arrived page by page; where one throws, all that it has yielded before is sound
 *   and may be kept. They stop asking when the consumer stops iterating.
 * - Every call ends within `timeoutMs`; `signal` ends it with `cancelled`.
 * - Credentials go to the host's own origin and nowhere else, and are in no error, fact or log.
 * - "Since" is on the host's clock, which may differ from this machine's: pass back what `asOfMs` said. Adapters
 *   reach back a minute further, since hosts list things late.
 * It keeps no state about changesets: any number of calls may run at once, and all may be called again.
 */
export interface Forge {
  /** As its definition names it. */
  readonly kind: string;
  /** Its name under `hosts:`. */
  readonly host: string;

  /**
   * Reads the address of a changeset's page. Pure.
   * @returns undefined when it is of another host or no changeset's
   */
  parseChangesetUrl(url: string): ChangesetRef | undefined;

  /**
   * All repositories of a user, organization or group (subgroups included), archived and forked ones, too.
   * @throws SluiceError `forge_missing` when there is no such owner
   */
  listRepositories(owner: string, options?: ForgeCallOptions): AsyncIterable<RepositoryPage>;

  /**
   * Changesets of a repository, last updated first. With page numbers under it, a listing may name one twice,
   * and miss one that changes meanwhile: list again later with `updatedSinceMs` of the start of this one.
   */
  listChangesets(repository: string, options?: ForgeListOptions): AsyncIterable<ChangesetPage>;

  /** Open changesets across repositories, last updated first where the host can (Gitea: last created). */
  searchChangesets(search: ChangesetSearch, options?: ForgeCallOptions): AsyncIterable<ChangesetPage>;

  /**
   * State and news of any number of changesets, in batches where the host allows (GitHub: 50 a call).
   * Yields one result for each, in no certain order, as batches arrive. What concerns one of them is in its
   * result; what concerns all (host down, token refused, budget at zero) is thrown, and those not yet yielded
   * are as before.
   */
  fetchChangesets(
    wanted: readonly WantedChangeset[],
    options?: ForgeCallOptions,
  ): AsyncIterable<ChangesetResult>;

  /**
   * Events of one changeset, to the last page. A few that happened before `sinceMs` may come again (ids tell
   * them apart); none after it is left out but those of parts that cannot be read (`onUnseen`). Pages come oldest
   * first where the host can; sort by `atMs`, `order`, `id`.
   * @throws SluiceError the first part's failure where not a single part could be read
   */
  fetchEvents(
    ref: ChangesetRef,
    options?: ForgeCallOptions & { readonly sinceMs?: number },
  ): AsyncIterable<readonly ChangesetEvent[]>;

  /** Closes idle connections. May be called again; nothing else may be called after it. */
  close(): Promise<void>;
}

export interface ForgeCallOptions {
  readonly signal?: AbortSignal;
  /** Passed on to the budget, which may let some work go before other work. */
  readonly priority?: 'high' | 'normal';
  /**
   * Told of what could not be read though the rest was: entries of another form than documented, what lies beyond the
   * bounds of a listing, and of `fetchEvents` whole parts. Never of what is thrown.
   */
  readonly onUnseen?: OnUnseen;
}

export interface ForgeListOptions extends ForgeCallOptions {
  /** `open` (default; drafts included) or closed and merged ones, too. */
  readonly state?: 'open' | 'all';
  /** Leave out those last updated before, on the host's clock (see `asOfMs`); the listing ends there. */
  readonly updatedSinceMs?: number;
  /** Of the first page of an earlier listing with the same options: where nothing has changed, that costs nothing. */
  readonly etag?: string;
}

export interface RepositoryPage {
  readonly repositories: readonly ForgeRepository[];
}

/** A repository as its host describes it. */
export interface ForgeRepository {
  /** The host's own id, the same after a rename. */
  readonly hostId: string | undefined;
  /** `owner/name`. */
  readonly path: string;
  /** Address to clone by HTTPS, without credentials, without `.git`. */
  readonly url: string;
  readonly isPrivate: boolean;
  readonly isArchived: boolean;
  readonly isFork: boolean;
  /** No commits yet, as far as the host says. */
  readonly isEmpty: boolean;
  readonly defaultBranch: string | undefined;
  /** Last push; on GitLab the last activity of any kind, on Gitea the last update. */
  readonly pushedAtMs: number | undefined;
  /** As the host counts it; undefined where it does not say (GitLab, without the right to see statistics). */
  readonly sizeBytes: number | undefined;
}

export interface ChangesetPage {
  readonly changesets: readonly ChangesetSummary[];
  /** Of the first page: for the next listing's `etag`, where the host gives one. */
  readonly etag: string | undefined;
  /** The answer to `etag`: nothing has changed. Such a page is empty and the only one. */
  readonly notModified: boolean;
  /** The host shows no more than this, though there are more (GitHub's search ends after 1 000). */
  readonly truncated: boolean;
  /** Host's clock as it answered: of the first page, the next listing's `updatedSinceMs`. */
  readonly asOfMs: number;
}

export type ChangesetSearch =
  | { readonly kind: 'owner'; readonly owner: string }
  | { readonly kind: 'author'; readonly author: string }
  /** In the host's own language (GitHub: `is:pr is:open` is added; GitLab and Gitea search title and text). */
  | { readonly kind: 'query'; readonly query: string };

export interface WantedChangeset {
  readonly ref: ChangesetRef;
  /** `asOfMs` of the last sync: only events since are wanted. Never synced: all of them. */
  readonly eventsSinceMs?: number;
  /** `head.commit` as of the last sync: spares reading all commits again. */
  readonly headCommit?: string;
}

/** What became of one wanted changeset. `ref` is as it was asked for. */
export type ChangesetResult =
  | {
      readonly outcome: 'found';
      readonly ref: ChangesetRef;
      /** Its own `ref.repository` differs from the one asked for when the repository was renamed or transferred. */
      readonly changeset: Changeset;
      /** Those that came along with it, sorted. */
      readonly events: readonly ChangesetEvent[];
      /** When false there may be more: ask `fetchEvents`. Always false where events cost calls of their own. */
      readonly eventsComplete: boolean;
      /** Parts that were asked for on their own, and read to their end. */
      readonly seen: readonly string[];
      /** Parts that could not be read. Of them nothing is said here: what was known of them stays. */
      readonly unseen: readonly Unseen[];
      /** Host's clock as it answered: the next sync's `eventsSinceMs`. */
      readonly asOfMs: number;
    }
  /** The host's own word for this changeset, 404 or 410. */
  | {
      readonly outcome: 'missing';
      readonly ref: ChangesetRef;
      /** Whether its repository is shown; where it is not, both may be gone, or no longer for these eyes. */
      readonly isRepositorySeen: boolean;
      readonly error: SluiceError;
    }
  | { readonly outcome: 'failed'; readonly ref: ChangesetRef; readonly error: SluiceError };

/**
 * One way to prove who asks. `id` names it in messages (`token-1`); `identity` names it in budgets, and is the same for
 * as long as the secret is, wherever it stands in the configuration. Neither holds the secret.
 */
export type ForgeCredential =
  | { readonly kind: 'token'; readonly id: string; readonly identity: string; readonly token: string }
  | {
      readonly kind: 'app';
      readonly id: string;
      readonly identity: string;
      readonly appId: string;
      /** PEM. */
      readonly privateKey: string;
      readonly installationId: number;
      /** Of whose repositories alone it is an installation; undefined: of all that are asked for. */
      readonly owner: string | undefined;
    };

/** What a forge is opened with. */
export interface ForgeSettings {
  /** As its definition names it. */
  readonly kind: string;
  readonly host: string;
  /** Address of its pages: `https://github.com`, `https://git.example.com/gitea`; no slash at the end. */
  readonly baseUrl: string;
  /** Where it answers REST calls; no slash at the end. */
  readonly apiUrl: string;
  /** Several share the load. None: only what the host shows anybody. */
  readonly credentials: readonly ForgeCredential[];
  /** Secret that webhooks are signed with; undefined: none are taken from this host. */
  readonly webhookSecret: string | undefined;
  /** A call without an answer ends after this long. */
  readonly timeoutMs: number;
}

export interface ForgeDependencies {
  readonly budget: CallBudget;
  /** The system's own where absent. */
  readonly clock?: Clock;
}

/** How a forge is made. It connects with its first call. */
export type OpenForge = (settings: ForgeSettings, dependencies: ForgeDependencies) => Forge;

/**
 * The credentials that may be used for what an owner has: tokens, and of an App the owner's own installation, or else
 * the one that is for all owners. Pure.
 * @param owner user, organization or group; undefined where a call concerns no certain one
 */
export function credentialsForOwner(
  credentials: readonly ForgeCredential[],
  owner: string | undefined,
): readonly ForgeCredential[] {
  const wanted = owner?.toLowerCase();
  const ofOwner = credentials.filter(each => each.kind === 'app' && each.owner?.toLowerCase() === wanted);
  const isOwned = wanted !== undefined && ofOwner.length > 0;
  const general = credentials.filter(each => each.kind === 'token' || (each.owner === undefined && !isOwned));
  if (wanted === undefined && general.length === 0) return credentials;
  return isOwned ? [...general, ...ofOwner] : general;
}
