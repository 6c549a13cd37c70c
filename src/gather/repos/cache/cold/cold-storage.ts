import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../../base/clock.ts';
import { SluiceError } from '../../../../base/errors.ts';
import type { Logger } from '../../../../base/log.ts';
import { formatBytes } from '../../../../base/units.ts';
import type { ObjectAddress, ObjectStore } from '../../../../keep/buckets/bucket.ts';
import type { CloneRecord, ColdCopy } from '../../../../keep/local/clone-records.ts';
import { createScratch, removeTree } from '../../clone/directories.ts';
import { initialiseClone } from '../../clone/initialise.ts';
import { DETACHED_REF, openClone, readClone } from '../../clone/open.ts';
import { writeHead } from '../../clone/refs.ts';
import type { Manifest } from './archive.ts';
import { type ColdPlace, keyIn, locationOf } from './place.ts';

/** What cold storage is made of. */
export interface ColdStorageOptions {
  /** Opens the store of a profile. Throws `destination_invalid` for a profile that is not there, `credentials_*`. */
  readonly openBucket: (profile: string) => Promise<ObjectStore>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Copies of evicted clones in a bucket. Every call is for the holder of the clone's claim. */
export class ColdStorage {
  readonly #options: ColdStorageOptions;
  readonly #stores = new Map<string, Promise<ObjectStore>>();

  constructor(options: ColdStorageOptions) {
    this.#options = options;
  }

  /**
   * Makes sure that a clone as it stands is in cold storage, sending it only if what is there is something else.
   * Nothing is written to this disk. May be repeated.
   * @throws SluiceError of the store; `repository_corrupt` when the clone cannot be read
   */
  async offload(
    gitDir: string,
    record: CloneRecord,
    place: ColdPlace,
    signal: AbortSignal,
  ): Promise<ColdCopy> {
    const clone = await readClone(gitDir, signal);
    if (clone?.url !== record.url)
      throw new SluiceError('repository_corrupt', `${gitDir} is no clone of ${record.url}`);
    const store = await this.#store(place.profile);
    const at = { bucket: place.bucket, key: keyIn(place, record.directory) };
    // Loaded when first needed: most commands never are.
    const [{ archiveOf, contentOf }, { sendArchive }] = await Promise.all([
      import('./archive.ts'),
      import('./send.ts'),
    ]);
    const content = contentOf(clone);
    const location = locationOf(place, at.key);
    if (await this.#isThere(record.cold, { location, content }, store, at, signal))
      return record.cold as ColdCopy;
    const archive = await archiveOf(clone);
    const { clock, log } = this.#options;
    const startMs = clock.monotonicMs();
    const crc32 = await sendArchive(archive, at, { store, clock, signal });
    const durationMs = Math.round(clock.monotonicMs() - startMs);
    log.info(
      { target: record.url, location, bytes: archive.bytes, durationMs },
      `clone sent to cold storage: ${formatBytes(archive.bytes)}`,
    );
    return { location, bytes: archive.bytes, crc32, content, atMs: clock.nowMs() };
  }

  async #isThere(
    cold: ColdCopy | null,
    wanted: { readonly location: string; readonly content: string },
    store: ObjectStore,
    at: ObjectAddress,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (cold?.location !== wanted.location || cold.content !== wanted.content) return false;
    const head = await store.headObject(at, { signal });
    return head?.size === cold.bytes;
  }

  /**
   * Brings a clone back into its place in the cache, which must be empty. It is whole and checked then, and as old as
   * the copy: the next sync fetches what is newer. A call that throws leaves nothing behind.
   * @throws SluiceError of the store, `object_missing`; `checksum_mismatch` for an archive that is not the one sent;
   *   `repository_corrupt`, `disk_*`, `cancelled`
   */
  async restore(
    record: CloneRecord & { readonly cold: ColdCopy },
    cacheDirectory: string,
    options: { readonly signal: AbortSignal; readonly onProgress?: (bytes: number) => void },
  ): Promise<void> {
    const { url, directory, cold } = record;
    const { signal, onProgress } = options;
    const [{ contentOf }, { unpack }] = await Promise.all([import('./archive.ts'), import('./unpack.ts')]);
    const { profile, at } = addressOf(cold.location);
    const { body } = await (await this.#store(profile)).getObject(at, { signal });
    const scratch = await createScratch(cacheDirectory, directory);
    try {
      const { bytes, crc32 } = cold;
      const manifest = await unpack({ source: body, bytes, crc32, into: scratch, signal, onProgress });
      await makeRepository(scratch, manifest, url, signal);
      const clone = await openClone(scratch, signal);
      if (!clone || contentOf(clone) !== cold.content)
        throw new SluiceError('repository_corrupt', `the copy of ${url} in cold storage is damaged`);
      await rename(scratch, join(cacheDirectory, directory));
    } catch (error) {
      await removeTree(scratch);
      throw error;
    } finally {
      body.destroy();
    }
  }

  /** Removes a copy. One that is not there is fine. */
  async forget(copy: ColdCopy, signal: AbortSignal): Promise<void> {
    const { profile, at } = addressOf(copy.location);
    await (await this.#store(profile)).deleteObject(at, { signal });
  }

  async close(): Promise<void> {
    const opened = [...this.#stores.values()];
    this.#stores.clear();
    for (const store of await Promise.allSettled(opened))
      if (store.status === 'fulfilled') await store.value.close();
  }

  #store(profile: string): Promise<ObjectStore> {
    const known = this.#stores.get(profile);
    if (known) return known;
    const opening = this.#options.openBucket(profile);
    this.#stores.set(profile, opening);
    // A credentials file that was repaired is read anew the next time.
    opening.catch(() => this.#stores.delete(profile));
    return opening;
  }
}

function addressOf(location: string): { readonly profile: string; readonly at: ObjectAddress } {
  const [, profile = '', bucket = '', key = ''] = /^s3:\/\/([^/]+)\/([^/]+)\/(.+)$/.exec(location) ?? [];
  return { profile, at: { bucket, key } };
}

/** Puts around the restored files what makes them a repository: all of it of our own making. */
async function makeRepository(
  scratch: string,
  manifest: Manifest,
  url: string,
  signal: AbortSignal,
): Promise<void> {
  if (manifest.url !== url)
    throw new SluiceError(
      'checksum_mismatch',
      `the archive in cold storage is one of ${manifest.url}, not of ${url}`,
    );
  const { objectFormat, lean, spelling, otherRefs, headRef } = manifest;
  const notes = { url, spelling: spelling ?? url, otherRefs: Number(otherRefs) || 0 };
  await initialiseClone(scratch, { objectFormat, lean, ...notes }, signal);
  await writeHead(scratch, headRef ?? DETACHED_REF);
}
