import type { z } from 'zod';
import type { ChangesetRef } from '../changeset.ts';
import type { ForgeCallOptions, ForgeSettings } from '../forge.ts';
import type { ApiClient } from './api-client.ts';
import { parsePageUrl } from './parse-page-url.ts';
import { readAnswer, readPages } from './read.ts';

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
    options: ForgeCallOptions,
  ): Promise<{ readonly value: z.output<S>; readonly hostTimeMs: number }> {
    const { json, hostTimeMs } = await this.client.call({ ...options, path });
    return { value: readAnswer(form, json, this.host, what), hostTimeMs };
  }

  /** The pages of a listing, of items in this form. */
  protected readPages<S extends z.ZodType>(
    path: string,
    query: Query,
    item: S,
    what: string,
    options: ForgeCallOptions,
  ): AsyncGenerator<z.output<S>[]> {
    return readPages(this.client.pages({ ...options, path, query }), item, this.host, what);
  }
}

/** A path in an address: `owner/name`, its slashes kept. */
export function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
