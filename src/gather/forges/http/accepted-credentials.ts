import type { Clock } from '../../../base/clock.ts';
import type { ForgeCredential } from '../forge.ts';

/** A credential that the host has said to accept is not asked about again for so long. */
const ACCEPTED_FOR_MS = 60_000;

export interface AcceptedCredentialsOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Whether the host takes the credential, asked about it alone. Never rejects. */
  readonly ask: (credential: ForgeCredential, signal: AbortSignal | undefined) => Promise<boolean>;
}

/**
 * Whether a host takes a credential that it refused in one call: a 401 of one address may come from what stands before
 * it. Where that cannot be asked just now, nothing is held against the credential. States of a credential:
 *
 *   unknown ──has()──▶ asking ──yes──▶ accepted ──a minute──▶ unknown
 *                        └─────no──▶ unknown
 */
export class AcceptedCredentials {
  readonly #options: AcceptedCredentialsOptions;
  /** By identity: what the host said of it, and when it was asked. */
  readonly #answers = new Map<string, { readonly isAccepted: Promise<boolean>; readonly askedMs: number }>();

  constructor(options: AcceptedCredentialsOptions) {
    this.#options = options;
  }

  /** Asks the host where it was not asked lately; whoever asks meanwhile shares the answer. Never rejects. */
  has(credential: ForgeCredential, signal: AbortSignal | undefined): Promise<boolean> {
    const { clock, ask } = this.#options;
    const { identity } = credential;
    const known = this.#answers.get(identity);
    if (known !== undefined && clock.monotonicMs() - known.askedMs < ACCEPTED_FOR_MS) return known.isAccepted;
    const isAccepted = ask(credential, signal);
    this.#answers.set(identity, { isAccepted, askedMs: clock.monotonicMs() });
    isAccepted.then(answer => !answer && this.#answers.delete(identity));
    return isAccepted;
  }
}
