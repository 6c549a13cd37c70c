import { createHash } from 'node:crypto';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';

export interface PageLimits {
  readonly maxPages: number;
  readonly maxMs: number;
}

/** More than any listing has that ends: a hundred thousand entries, in half an hour. */
export const PAGE_LIMITS: PageLimits = { maxPages: 2000, maxMs: 30 * 60_000 };

/**
 * Bounds of one listing: a host that names a page as its own next one, answers every page number with the same page, or
 * has ever further pages, would keep a worker for ever.
 */
export class PageBounds {
  readonly #what: string;
  readonly #clock: Clock;
  readonly #limits: PageLimits;
  readonly #startedMs: number;
  readonly #addresses = new Set<string>();
  /** Of the entries that came. */
  readonly #entries = new Set<string>();
  #pages = 0;

  /** @param what is listed, with its host, for messages */
  constructor(what: string, clock: Clock, limits = PAGE_LIMITS) {
    this.#what = what;
    this.#clock = clock;
    this.#limits = limits;
    this.#startedMs = clock.monotonicMs();
  }

  /**
   * To be asked before a page is.
   * @param address of the page: its URL, its number, or the cursor that leads to it
   * @returns why it is not to be asked for; undefined: it may be
   */
  before(address: string): SluiceError | undefined {
    const { maxPages, maxMs } = this.#limits;
    if (this.#addresses.has(address))
      return this.#endless('names a page as the next one that was read already');
    if (this.#pages >= maxPages) return this.#endless(`has more than ${maxPages} pages`);
    if (this.#clock.monotonicMs() - this.#startedMs > maxMs) {
      return this.#endless(`is not at its end after ${Math.round(maxMs / 60_000)} minutes`);
    }
    this.#addresses.add(address);
    this.#pages += 1;
    return undefined;
  }

  /**
   * To be told of each page's entries before they are used.
   * @returns why they are not to be used: all of them came with earlier pages. Empty pages may come several times.
   */
  after(entries: unknown): SluiceError | undefined {
    if (!Array.isArray(entries) || entries.length === 0) return undefined;
    const before = this.#entries.size;
    for (const entry of entries) this.#entries.add(nameOf(entry));
    return this.#entries.size > before ? undefined : this.#endless('repeats a page under another address');
  }

  #endless(how: string): SluiceError {
    return new SluiceError('listing_endless', `${this.#what} ${how}; what came until then is kept`, {
      operation: 'list',
      subject: this.#what,
    });
  }
}

/** What hosts tell entries apart by; a repeated entry may differ in other things, such as the time of asking. */
const NAMES = ['id', 'node_id', 'sha', 'oid', 'iid', 'number'];

function nameOf(entry: unknown): string {
  const of = (entry as { readonly commit?: unknown } | null)?.commit;
  for (const each of [entry, of]) {
    if (typeof each !== 'object' || each === null) continue;
    const name = NAMES.find(key =>
      ['string', 'number'].includes(typeof (each as Record<string, unknown>)[key]),
    );
    if (name !== undefined) return `${name} ${(each as Record<string, unknown>)[name]}`;
  }
  return createHash('sha1').update(JSON.stringify(entry)).digest('base64');
}
