import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseRepositoryUrl } from '../../src/gather/repos/address/url.ts';
import { type SyncedClone, type SyncOptions, syncClone } from '../../src/gather/repos/clone/clone.ts';
import { cloneDirectoryName } from '../../src/gather/repos/clone/directories.ts';
import type { Remote } from '../../src/gather/repos/git/access.ts';
import { TestRepository, temporaryDirectory } from './git-repositories.ts';

/** A far side and a cache of clones, both in a directory of the test's own. */
export class CloneBench {
  /** Servers serve from here. */
  readonly root: string;
  readonly cache: string;
  readonly upstream: TestRepository;

  constructor(t: TestContext, objectFormat: 'sha1' | 'sha256' = 'sha1') {
    const base = temporaryDirectory(t);
    this.root = join(base, 'served');
    this.cache = join(base, 'cache');
    mkdirSync(this.root);
    this.upstream = new TestRepository(join(this.root, 'r.git'), { objectFormat });
  }

  remote(text = this.upstream.path): Remote {
    return parseRepositoryUrl(text, { from: 'cli' });
  }

  options(text?: string): SyncOptions {
    const remote = this.remote(text);
    return { remote, directory: join(this.cache, cloneDirectoryName(remote.url)) };
  }

  /** Syncs with what `text` names: a server's URL, or the upstream's path. */
  async sync(text?: string, options: Partial<SyncOptions> = {}): Promise<SyncedClone> {
    return await syncClone({ ...this.options(text), ...options });
  }

  /** Names in the cache directory. */
  names(): readonly string[] {
    try {
      return readdirSync(this.cache);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOENT');
      return [];
    }
  }
}

export const tipsOf = (clone: SyncedClone): Record<string, string> => Object.fromEntries(clone.tips);
