import type { HttpHeaders } from '../../base/http-headers.ts';
import type { ChangesetRef, ChangesetState } from './changeset.ts';

/**
 * Webhooks of one kind of host. Pure. The route reads the body (bounded), verifies, and parses only what
 * was verified.
 */
export interface ForgeWebhooks {
  /**
   * Whether the sender may know the secret, as far as the headers show: false where the signature is missing or of
   * another form, so that no body need be read. Never throws.
   */
  mayVerify(headers: HttpHeaders, secret: string): boolean;
  /**
   * Whether the sender knew the secret. Compares in constant time; false where the signature is missing or of
   * another form. Never throws.
   */
  verify(headers: HttpHeaders, rawBody: Buffer, secret: string): boolean;
  /**
   * What a verified delivery says.
   * @param host its name under `hosts:`, as the body names hosts in several ways
   * @throws SluiceError `body_invalid` when the body is not JSON or lacks what its kind always has
   */
  parse(headers: HttpHeaders, rawBody: Buffer, host: string): WebhookDelivery;
}

/** What every delivery has. */
export interface WebhookBase {
  /** The host's id of this delivery, the same when it is sent again. Where it sends none: a hash of the body. */
  readonly deliveryId: string;
  /** The host's word: `pull_request`, `Merge Request Hook`, … */
  readonly event: string;
}

/** Something happened to a changeset. */
export interface ChangesetDelivery extends WebhookBase {
  readonly kind: 'changeset';
  readonly ref: ChangesetRef;
  /** Further ones that the same delivery concerns (a check of a commit that heads several). */
  readonly alsoConcerns: readonly ChangesetRef[];
  readonly action: string;
  /** When it happened, as far as the body says; otherwise undefined: take the time of arrival. */
  readonly atMs: number | undefined;
  readonly state: ChangesetState | undefined;
  readonly title: string | undefined;
  readonly url: string | undefined;
  /** Address to clone the repository by HTTPS, without `.git`. */
  readonly repositoryUrl: string | undefined;
}

/** Something happened to a commit (a check, a status): it concerns the changesets that the commit heads. */
export interface CommitDelivery extends WebhookBase {
  readonly kind: 'commit';
  readonly repository: string;
  /** In hexadecimal. */
  readonly commit: string;
  /** Branches that it is the tip of, as far as the body names them: for changesets whose new head is not known yet. */
  readonly branches: readonly CommitBranch[];
  /** As in `ChangesetDelivery`. */
  readonly atMs: number | undefined;
}

export interface CommitBranch {
  readonly name: string;
  /** The repository that it is in; undefined where the body does not say (it may be a fork's). */
  readonly repository: string | undefined;
}

export type WebhookDelivery =
  | ChangesetDelivery
  | CommitDelivery
  /** Commits came to a repository (or a branch or tag was made or deleted). */
  | (WebhookBase & {
      readonly kind: 'push';
      readonly repository: string;
      /** Addresses of the repository, as far as the body names them: of its page, and to clone by. */
      readonly repositoryUrls: readonly string[];
      /** Full ref: `refs/heads/main`. */
      readonly gitRef: string;
      readonly atMs: number | undefined;
    })
  /** A test by whoever set the webhook up. */
  | (WebhookBase & { readonly kind: 'ping' })
  /** Nothing that sluice follows; to be answered with 202. */
  | (WebhookBase & { readonly kind: 'unknown' });
