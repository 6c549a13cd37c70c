import type { Clock } from '../../base/clock.ts';
import type { HttpProxy } from '../../base/proxy.ts';
import type { ObjectStore } from './bucket.ts';
import type { IniSection } from './credentials/ini.ts';

/** What it takes to reach an object store: what all kinds have of it; the rest is the kind's own. */
export interface Profile {
  /** Kind of object store, as its definition names it. */
  readonly kind: string;
  /** Of the section in the credentials file; a folder of the spool is called after it. */
  readonly name: string;
  /** As the section says it: one of the `providers` of its kind. */
  readonly provider: string;
}

/** What a profile's settings may lead to. */
export interface ProfileSurroundings {
  /** Of the file that the profile stands in; paths in it are relative to it. */
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ObjectStoreDependencies<P extends Profile = Profile> {
  readonly clock: Clock;
  /** Reads the profile anew from its file; undefined where it is no longer there. Absent: the profile is all there is. */
  readonly reread?: (() => Promise<P | undefined>) | undefined;
}

/**
 * A kind of object store: all that others have to know of it. A new kind is a folder with a definition, and a line in
 * definitions.ts. Loading a definition loads nothing of the store itself. Every function is handed profiles and
 * providers of its own kind only.
 */
export interface ObjectStoreDefinition<P extends Profile = Profile> {
  readonly kind: P['kind'];
  /** What a profile may name as its `provider`, in the order of messages. */
  readonly providers: readonly P['provider'][];
  /**
   * The profile of a section of the credentials file, or everything that is wrong with it, in words. Pure.
   * @param related sections that this one refers to
   */
  readProfile(section: IniSection, provider: P['provider'], related: readonly IniSection[]): P | string[];
  /**
   * The profile with what stands in other files and in the environment that it names. Throws credentials_invalid in words
   * that show no secret.
   */
  withOtherFiles?(profile: P, surroundings: ProfileSurroundings): Promise<P>;
  /** The profile, reached through a proxy; kinds that are not reached over HTTP have none. Pure. */
  withProxy?(profile: P, proxy: HttpProxy): P;
  /** What of a profile an open store cannot take over from another (`StoreKey.adopt`); by default all of it. Pure. */
  withoutKey?(profile: P): Profile;
  /** The address that a profile's endpoint is known by; profiles of one endpoint share its health. Pure. */
  endpointOf(profile: P): string;
  /** Where on this machine the objects of a bucket, or of a prefix in one, lie; kinds that keep them elsewhere have none. Pure. */
  folderOf?(profile: P, place: string): string;
  /** Loads the implementation. What it answers with opens stores, which connect with their first call. */
  load(): Promise<ObjectStoreOpener<P>>;
}

export interface ObjectStoreOpener<P extends Profile = Profile> {
  open(profile: P, dependencies: ObjectStoreDependencies<P>): ObjectStore;
}
