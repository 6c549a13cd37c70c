import type { Clock } from '../../../base/clock.ts';
import type { ErrorCode } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { RepeatedMessages } from '../../../base/repeated-messages.ts';
import type { Unseen } from '../../forges/unseen.ts';

/** Parts of a host's answers that cannot be read for one reason. */
export interface UnseenAtHost {
  readonly host: string;
  readonly part: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  /** Of how many changesets, sources or owners. */
  readonly count: number;
  /** One of them. */
  readonly example: string;
  readonly sinceMs: number;
}

interface Entry extends Omit<UnseenAtHost, 'count' | 'example'> {
  readonly subjects: Set<string>;
}

/** The same is logged again only after so long. */
const LOG_EVERY_MS = 24 * 3_600_000;

/**
 * What of the hosts' answers could not be read though the rest was: logged once by host, part and reason, not once a
 * changeset, and shown until the last of them is seen again.
 */
export class UnseenAtHosts {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #entries = new Map<string, Entry>();
  readonly #messages: RepeatedMessages;

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
    this.#messages = new RepeatedMessages(clock, LOG_EVERY_MS);
  }

  /**
   * Replaces what was known of one subject.
   * @param subject changeset, source or owner, in words
   */
  record(host: string, subject: string, unseen: readonly Unseen[]): void {
    this.forget(subject);
    for (const each of unseen) this.#add(host, subject, each);
  }

  /** It is gone, or no longer asked for. */
  forget(subject: string): void {
    for (const [key, { subjects }] of this.#entries) {
      if (subjects.delete(subject) && subjects.size === 0) this.#entries.delete(key);
    }
  }

  /** Most first. */
  all(): readonly UnseenAtHost[] {
    return [...this.#entries.values()]
      .map(({ subjects, ...entry }) => ({ ...entry, count: subjects.size, example: [...subjects][0] ?? '' }))
      .sort((one, two) => two.count - one.count);
  }

  #add(host: string, subject: string, { part, error }: Unseen): void {
    const { code, message, hint } = error;
    const key = `${host}\n${part}\n${code}`;
    const nowMs = this.#clock.nowMs();
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.subjects.add(subject);
      return;
    }
    this.#entries.set(key, { host, part, code, message, hint, sinceMs: nowMs, subjects: new Set([subject]) });
    if (this.#messages.admit(key) === undefined) return;
    this.#log.warn({ host, part, code, subject, hint }, `${host}: ${part} not seen: ${message}`);
  }
}
