import type { z } from 'zod';
import { SluiceError } from '../../../base/errors.ts';
import type { ChangesetRef, ChangesetSummary } from '../changeset.ts';
import type { ForgeCallOptions, ForgeSettings } from '../forge.ts';
import type { ApiAnswer, ApiCall } from './api-call.ts';
import type { ApiClient } from './api-client.ts';
import { type Entries, NO_ENTRIES, readEntries } from './lenient.ts';
import { parsePageUrl } from './parse-page-url.ts';
import { type ReadPage, readAnswer, readPages } from './read.ts';

/** Hosts list some things late: what has changed is asked for from so much earlier; ids tell repeated events apart. */
export const OVERLAP_MS = 60_000;

type Query = Readonly<Record<string, string | number | undefined>>;

/**
 * What code hosts have in common whose API answers over HTTP: pages of changesets, listings, and connections that end.
 */
export abstract class RestForge {
  readonly host: string;
  protected readonly client: ApiClient;
  readonly #baseUrl: string;
  readonly #pageForm: RegExp;

  /** @param pageForm of a changeset's address below the host's pages, as in `parsePageUrl` */
  constructor({ host, baseUrl }: ForgeSettings, client: ApiClient, pageForm: RegExp) {
    this.host = host;
    this.client = client;
    this.#baseUrl = baseUrl;
    this.#pageForm = pageForm;
  }

  parseChangesetUrl(url: string): ChangesetRef | undefined {
    return parsePageUrl(url, { host: this.host, baseUrl: this.#baseUrl, form: this.#pageForm });
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  /** One answer in the form that it is documented to have. @param what it is about, for messages */
  protected async read<S extends z.ZodType>(
    path: string,
    form: S,
    what: string,
    options: ForgeCallOptions & Pick<ApiCall, 'isSoughtByAll'>,
  ): Promise<{ readonly value: z.output<S>; readonly hostTimeMs: number }> {
    const { json, hostTimeMs } = await this.client.call({ ...options, path });
    return { value: readAnswer(form, json, this.host, what), hostTimeMs };
  }

  /**
   * The pages of a listing, entry by entry.
   * @param part how it is named where it cannot be read to its end
   */
  protected readPages<F extends z.ZodType>(
    path: string,
    query: Query,
    entry: F,
    part: string,
    options: ForgeCallOptions & { readonly etag?: string | undefined; readonly owner?: string },
  ): AsyncGenerator<ReadPage<ApiAnswer, z.output<F>>> {
    return this.readEntryPages(this.client.pages({ ...options, path, query, part }), entry, part, options);
  }

  /** Pages that were asked for otherwise, entry by entry; of a 304 there are none. */
  protected readEntryPages<A extends { readonly json: unknown }, F extends z.ZodType>(
    pages: AsyncIterable<A>,
    entry: F,
    part: string,
    { onUnseen }: ForgeCallOptions,
  ): AsyncGenerator<ReadPage<A, z.output<F>>> {
    const entriesIn = (json: unknown): Entries<z.output<F>> | undefined =>
      json === undefined ? NO_ENTRIES : readEntries(entry, json);
    return readPages(pages, { entriesIn, host: this.host, what: part, onUnseen });
  }

  /**
   * An address below the host's pages. One that the host gives is taken where it lies there; behind a proxy it may
   * name itself otherwise, and then the address is made.
   * @param path below the host's pages
   */
  protected addressOf(given: string | undefined, path: string): string {
    if (given?.toLowerCase().startsWith(`${this.#baseUrl.toLowerCase()}/`)) return given;
    return `${this.#baseUrl}/${path}`;
  }
}

/** A path in an address: `owner/name`, its slashes kept. */
export function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** Whether a summary belongs into a listing of what was updated since; one without a time may be anything. */
export function isSince({ updatedAtMs }: ChangesetSummary, sinceMs: number): boolean {
  return updatedAtMs === undefined || updatedAtMs >= sinceMs - OVERLAP_MS;
}

/** The error for an answer about another changeset than the one that was asked for. */
export function otherChangeset(host: string, asked: string, number: number): SluiceError {
  const message = `${host} answered with number ${number} when asked for ${asked}`;
  return new SluiceError('forge_answer_invalid', message, { operation: 'read answer', subject: asked });
}

/** Of a repository's path. */
export function ownerOf(repository: string): string {
  return repository.split('/')[0] ?? '';
}
