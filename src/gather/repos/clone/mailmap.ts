import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import type { ObjectId } from '../../../keep/store/types.ts';
import { type Access, accessTo, type Remote, remoteSpellings } from '../git/access.ts';
import { hasObject } from '../git/has-object.ts';
import { leadsNowhere } from '../git/remote.ts';
import { runGit } from '../git/spawn.ts';
import { requireGit } from '../git/version.ts';
import { MAX_MAILMAP_BYTES } from '../history/mailmap-file.ts';
import { originOptions } from './fetch.ts';
import { type Clone, DETACHED_REF } from './open.ts';

/** Where what is missing is fetched from. */
export interface MailmapOptions {
  readonly remote: Remote;
  readonly signal?: AbortSignal;
  /** For each of the two small fetches; 30 s by default. */
  readonly idleTimeoutMs?: number;
  /** For each of them as a whole, whatever the remote has to say; 5 minutes by default. */
  readonly timeoutMs?: number;
}

/** A repository's mailmap, as far as it could be had. */
export interface Mailmap {
  /** Content of `.mailmap` at HEAD; undefined when there is none, or it could not be had. */
  readonly content: Buffer | undefined;
  /** Why it could not be had: the commits are worth storing without it. */
  readonly warning: SluiceError | undefined;
}

const NONE: Mailmap = { content: undefined, warning: undefined };
const DEFAULT_IDLE_TIMEOUT_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 5 * 60_000;

/**
 * The mailmap of the commit that HEAD names. A lean clone lacks it: then HEAD's root tree and that one
 * blob are fetched, two objects in two small packs, which stay; nothing travels when they are there already.
 * A `.mailmap` that is a symbolic link is not followed, as with git.
 * @throws SluiceError only `cancelled`; every other failure is the `warning`
 */
export async function readMailmap(clone: Clone, options: MailmapOptions): Promise<Mailmap> {
  if (clone.tips.size === 0) return NONE;
  try {
    const reader = new ObjectReader(clone, options);
    const tree = await reader.rootTree();
    const blob = tree && (await reader.mailmapOf(tree));
    if (blob === undefined) return NONE;
    return { content: await reader.blob(blob), warning: undefined };
  } catch (error) {
    const known = asSluiceError(error, { operation: 'read mailmap', subject: clone.url });
    if (known.answer === 'cancelled') throw known;
    return { content: undefined, warning: known };
  }
}

/** Reads single objects of a clone, from the remote when they were left out. */
class ObjectReader {
  readonly #clone: Clone;
  readonly #options: MailmapOptions;

  constructor(clone: Clone, options: MailmapOptions) {
    this.#clone = clone;
    this.#options = options;
  }

  /** HEAD's root tree, as the commit names it, which need not be here; undefined for an unborn HEAD. */
  async rootTree(): Promise<ObjectId | undefined> {
    const tip = this.#clone.tips.get(this.#clone.headRef ?? DETACHED_REF);
    if (tip === undefined) return undefined;
    // The first line is the commit's id.
    const [, tree = ''] = (await this.#git(['rev-list', '--no-walk', '--format=%T', tip]))
      .toString()
      .split('\n');
    return tree === '' ? undefined : tree;
  }

  /** The blob of .mailmap in a root tree; undefined where the tree has none. */
  async mailmapOf(tree: ObjectId): Promise<ObjectId | undefined> {
    await this.#mustHave(tree);
    const entry = (await this.#git(['ls-tree', tree, '--', '.mailmap'])).toString();
    return /^100\d{3} blob ([0-9a-f]+)\t/.exec(entry)?.[1];
  }

  /** Content of a blob. Fails when it is larger than any mailmap. */
  async blob(id: ObjectId): Promise<Buffer> {
    await this.#mustHave(id);
    try {
      return await runGit(['cat-file', 'blob', id], { ...this.#local(), maxBytes: MAX_MAILMAP_BYTES });
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'answer_too_large') throw error;
      const message = `the .mailmap of ${this.#clone.url} is larger than ${MAX_MAILMAP_BYTES} bytes and is left out`;
      throw new SluiceError('answer_too_large', message);
    }
  }

  /** Fetches an object that was left out. */
  async #mustHave(id: ObjectId): Promise<void> {
    const { lean, gitDir } = this.#clone;
    if (lean && !(await hasObject(gitDir, id))) await this.#fetchObject(id);
  }

  async #fetchObject(id: ObjectId): Promise<void> {
    const { remote } = this.#options;
    const git = await requireGit();
    let first: unknown;
    for (const url of remoteSpellings(remote, this.#clone.spelling)) {
      try {
        return await this.#fetch(id, accessTo(remote, url, git));
      } catch (error) {
        first ??= error;
        if (!leadsNowhere(error)) throw error;
      }
    }
    throw first;
  }

  async #fetch(id: ObjectId, access: Access): Promise<void> {
    const { config, uploadPack } = originOptions({ access });
    // Saying to the remote which commits are here would make it leave out their trees, which are not.
    const settings = ['-c', 'fetch.negotiationAlgorithm=noop'];
    const quiet = [
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--no-recurse-submodules',
    ];
    await this.#git(
      // tree:0 brings what is named and nothing below it; blob:none would bring the whole tree.
      [...config, ...settings, 'fetch', ...quiet, '--filter=tree:0', ...uploadPack, 'origin', id],
      access,
    );
  }

  async #git(args: readonly string[], access?: Access): Promise<Buffer> {
    const { idleTimeoutMs = DEFAULT_IDLE_TIMEOUT_MS, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const bounds = { idleTimeoutMs, timeoutMs };
    const network = access ? { protocol: access.protocol, env: access.env, ...bounds } : {};
    return await runGit(args, { ...this.#local(), ...network });
  }

  #local(): { gitDir: string; signal: AbortSignal | undefined; subject: string } {
    return { gitDir: this.#clone.gitDir, signal: this.#options.signal, subject: this.#clone.url };
  }
}
