import type { ForgeWords } from '../../config/kinds.ts';
import type { ForgeCredential, ForgeSettings, OpenForge } from './forge.ts';
import type { ForgeWebhooks } from './webhook.ts';

/**
 * A kind of code host: all that others have to know of it. A new kind is a folder with a definition, and a line in
 * definitions.ts. Loading a definition loads nothing of the implementation.
 */
export interface ForgeDefinition<K extends string = string> extends ForgeWords {
  readonly kind: K;
  /**
   * Where a host of this kind answers REST calls, without a slash at the end. Pure.
   * @param baseUrl address of its pages, as in `ForgeSettings`
   */
  apiUrlOf(baseUrl: string): string;
  /** What follows the repository's path in the address of a changeset's page, in an example: `pull/7`. */
  readonly pageExample: string;
  /** How many changesets `fetchChangesets` is best given at once. */
  readonly batchSize: number;
  /**
   * The login in an address that hosts of this kind make up for commits, so that nobody learns the real one; undefined
   * for any other address. Pure. @param email in lower case
   */
  loginOf(email: string): string | undefined;
  /** How to ask for the size of a repository. Pure. @param repository `owner/name` */
  sizeQuestion(repository: string): SizeQuestion;
  /**
   * A token for git of an App's installation, that lives for some minutes at least. Absent where there are no Apps.
   * @throws SluiceError `token_refused`, or of the network
   */
  appToken?(
    app: Extract<ForgeCredential, { kind: 'app' }>,
    at: Pick<ForgeSettings, 'host' | 'apiUrl'>,
  ): Promise<string>;
  /** Loads the implementation. */
  load(): Promise<ForgeImplementation>;
}

export interface SizeQuestion {
  /** Path and query below the API's address. */
  readonly path: string;
  /** What stands before the token in the header `Authorization`. */
  readonly scheme: 'Bearer' | 'token';
  /** Where the answer has the bytes, if it is as documented. */
  readonly bytesIn: (answer: unknown) => unknown;
}

export interface ForgeImplementation {
  readonly open: OpenForge;
  readonly webhooks: ForgeWebhooks;
}

const KIB = 1024;

/** `size` of an answer, which GitHub and those that have learned from it count in KiB. */
export function sizeInKib(answer: unknown): number | undefined {
  const { size } = answer as { size?: unknown };
  return typeof size === 'number' ? size * KIB : undefined;
}
