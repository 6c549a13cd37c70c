import type { ChangesetRef, ChangesetState } from './changeset.ts';

/** Header names in lower case, as node:http has them. */
export type WebhookHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Webhooks of one kind of host (S8). Pure. The route reads the body (bounded), verifies, and parses only what
 * was verified.
 */
export interface ForgeWebhooks {
  /**
   * Whether the sender knew the secret. Compares in constant time; false where the signature is missing or of
   * another form. Never throws.
   */
  verify(headers: WebhookHeaders, rawBody: Buffer, secret: string): boolean;
  /**
   * What a verified delivery says.
   * @param host its name under `hosts:`, as the body names hosts in several ways
   * @throws SluiceError `body_invalid` when the body is not JSON or lacks what its kind always has
   */
  parse(headers: WebhookHeaders, rawBody: Buffer, host: string): WebhookDelivery;
}

interface DeliveryBase {
  /** The host's id of this delivery, the same when it is sent again. Where it sends none: a hash of the body. */
  readonly deliveryId: string;
  /** The host's word: `pull_request`, `Merge Request Hook`, … */
  readonly event: string;
}

export type WebhookDelivery =
  /** Something happened to a changeset. */
  | (DeliveryBase & {
      readonly kind: 'changeset';
      readonly ref: ChangesetRef;
      /** Further ones that the same delivery concerns (a check of a commit that heads several). */
      readonly others: readonly ChangesetRef[];
      readonly action: string;
      /** When it happened, as far as the body tells; otherwise undefined: take the time of arrival. */
      readonly atMs: number | undefined;
      readonly state: ChangesetState | undefined;
      readonly title: string | undefined;
      readonly url: string | undefined;
      /** Address to clone the repository by HTTPS, without `.git`. */
      readonly repositoryUrl: string | undefined;
    })
  /** Commits came to a repository (or a branch or tag was made or deleted). */
  | (DeliveryBase & {
      readonly kind: 'push';
      readonly repository: string;
      readonly repositoryUrl: string;
      /** Full ref: `refs/heads/main`. */
      readonly gitRef: string;
      readonly atMs: number | undefined;
    })
  /** A test by whoever set the webhook up. */
  | (DeliveryBase & { readonly kind: 'ping' })
  /** Nothing that sluice follows; to be answered with 202. */
  | (DeliveryBase & { readonly kind: 'unknown' });
