import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../../base/errors.ts';
import type { Profile } from '../object-store-definition.ts';
import { decodeCredentials } from './decode.ts';
import { type IniSection, readIni } from './ini.ts';
import { isProfile, mergeSections } from './merge.ts';
import { hasProvider, profilesOf } from './read-profiles.ts';

/** Where a candidate file comes from, in the order of the search. */
export type CredentialsOrigin = 'environment' | 'home' | 'argument';

/** A file's content, or why there is none. */
export type FileContent =
  | { readonly text: string /** Whether its group or others may read it. */; readonly isShared?: boolean }
  | { readonly unreadable: string };

export interface CredentialsCandidate {
  readonly path: string;
  readonly origin: CredentialsOrigin;
  readonly content: FileContent;
  /** AWS's config beside it; absent where no other file is to be looked at. */
  readonly config?: { readonly path: string; readonly content: FileContent };
}

/** A file or profile that was looked at and not used, for the log. */
export interface PassedOver {
  readonly path: string;
  readonly why: string;
}

export interface ChosenCredentials {
  readonly path: string;
  readonly origin: CredentialsOrigin;
  readonly profiles: readonly Profile[];
  readonly passedOver: readonly PassedOver[];
  /** Names of profiles in the chosen files that have no provider: they are other tools'. */
  readonly othersProfiles: readonly string[];
  /** Of the chosen files, those that others than their owner may read. */
  readonly shared: readonly string[];
}

export interface ChoiceOptions {
  /** Whether each profile of a found file must have a provider, as of a given one. */
  readonly strict?: boolean | undefined;
}

/**
 * Decides which candidate counts. Before the argument comes what the AWS command line would find, if any profile in it
 * has a `provider`: the profiles that have none belong to other tools and are passed over. Of the argument each must
 * have one.
 * @param candidates in the order of the search, an argument last
 * @throws SluiceError credentials_missing when none counts (its subject is a file that is there, or was given);
 *   credentials_invalid for faults in the one that counts
 */
export function chooseCredentials(
  candidates: readonly CredentialsCandidate[],
  { strict = false }: ChoiceOptions = {},
): ChosenCredentials {
  const hasArgument = candidates.some(candidate => candidate.origin === 'argument');
  const passedOver: PassedOver[] = [];
  let found: string | undefined;
  for (const candidate of candidates) {
    const { path, origin, content } = candidate;
    const isGiven = origin === 'argument';
    if ('unreadable' in content) {
      if (isGiven) throw missingCredentials(`cannot read ${path}: ${content.unreadable}`, path);
      passedOver.push({ path, why: content.unreadable });
      if (candidate.config === undefined || 'unreadable' in candidate.config.content) continue;
    }
    const { sections, library, faults, config } = readCandidate(candidate);
    const isMeant = sections.some(hasProvider);
    const own = sections.filter(section => isProfile(section));
    const others = own.filter(section => !hasProvider(section)).map(({ name }) => name);
    if (!isGiven && !isMeant && (hasArgument || !strict || own.length === 0)) {
      const why = faults.length > 0 ? faults.join('; ') : othersWords(others);
      const read = 'unreadable' in content ? (candidate.config?.path ?? path) : path;
      passedOver.push({ path: read, why });
      if (own.length > 0 || faults.length > 0) found ??= read;
      continue;
    }
    const counted = isGiven || strict ? sections : sections.filter(hasProvider);
    const shared = [content, config ?? content].flatMap(file =>
      'text' in file && file.isShared ? [file === content ? path : (candidate.config?.path ?? path)] : [],
    );
    return {
      path,
      origin,
      profiles: profilesOf(counted, path, library, faults),
      passedOver,
      othersProfiles: isGiven || strict ? [] : others,
      shared: [...new Set(shared)],
    };
  }
  const looked = passedOver.map(({ path, why }) => `${path} (${why})`).join(', ');
  throw missingCredentials(`no credentials of sluice: looked for ${looked || 'nothing'}`, found);
}

function othersWords(names: readonly string[]): string {
  if (names.length === 0) return 'there is no profile in it';
  const shown = names.slice(0, 5).map(name => `"${name}"`);
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : '';
  return `no profile in it has a provider: ${shown.join(', ')}${more}`;
}

interface ReadCandidate {
  /** Of a given file its own, with what AWS's config adds to them; of a found one those of both files. */
  readonly sections: readonly IniSection[];
  /** All that a profile may refer to. */
  readonly library: readonly IniSection[];
  readonly faults: readonly string[];
  readonly config: FileContent | undefined;
}

function readCandidate({ path, origin, content, config }: CredentialsCandidate): ReadCandidate {
  const own = 'text' in content ? readIni(content.text, path) : { sections: [], faults: [] };
  const hasConfig = config !== undefined && 'text' in config.content;
  const further =
    config !== undefined && 'text' in config.content
      ? readIni(config.content.text, config.path, 'config')
      : { sections: [], faults: [] };
  const merged = mergeSections(own.sections, further.sections);
  const names = new Set(own.sections.filter(isProfile).map(({ name }) => name));
  const sections =
    origin === 'argument' ? merged.filter(one => !isProfile(one) || names.has(one.name)) : merged;
  // Other tools' faults in AWS's config are no reason to refuse a file that was given.
  const furtherFaults = origin === 'argument' ? [] : further.faults;
  return {
    sections,
    library: merged,
    faults: [...own.faults, ...furtherFaults.map(fault => `${config?.path}: ${fault}`)],
    config: hasConfig ? config.content : undefined,
  };
}

function missingCredentials(message: string, subject?: string): SluiceError {
  return new SluiceError('credentials_missing', message, { subject });
}

export interface CredentialsSearch extends ChoiceOptions {
  /** `--credentials FILE`. */
  readonly argument?: string | undefined;
  /** `--only-credentials FILE`: this file and no search. */
  readonly only?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
}

/** A place in the search. */
interface CandidatePlace {
  readonly path: string;
  readonly origin: CredentialsOrigin;
  readonly config: string | undefined;
}

/**
 * Where to look, in this order. AWS_SHARED_CREDENTIALS_FILE binds where it is set: the home directory is not looked at
 * beside it. Pure.
 */
function placesOf({ argument, only, environment, homeDirectory }: CredentialsSearch): CandidatePlace[] {
  if (only !== undefined) return [{ path: only, origin: 'argument', config: undefined }];
  const inHome = (path: string): string => path.replace(/^~(?=\/|$)/, homeDirectory);
  const config = inHome(environment.AWS_CONFIG_FILE || '~/.aws/config');
  const named = environment.AWS_SHARED_CREDENTIALS_FILE || undefined;
  const places: CandidatePlace[] = [
    named === undefined
      ? { path: join(homeDirectory, '.aws', 'credentials'), origin: 'home', config }
      : { path: inHome(named), origin: 'environment', config },
  ];
  if (argument !== undefined) places.push({ path: argument, origin: 'argument', config });
  return places;
}

/** Every file that the search looks at, whether it is there or not: a change of any may change what is found. Pure. */
export function searchedPaths(search: CredentialsSearch): string[] {
  const all = placesOf(search).flatMap(({ path, config }) =>
    config === undefined ? [path] : [path, config],
  );
  return [...new Set(all)];
}

/** Reads the candidates and chooses among them; see `chooseCredentials` for what it throws. */
export async function findCredentials(search: CredentialsSearch): Promise<ChosenCredentials> {
  const candidates: CredentialsCandidate[] = [];
  for (const { path, origin, config } of placesOf(search)) {
    candidates.push({
      path,
      origin,
      content: await contentOf(path),
      config: config === undefined ? undefined : { path: config, content: await contentOf(config) },
    } as CredentialsCandidate);
  }
  return chooseCredentials(candidates, search);
}

/** No credentials are as long; what a device yields without end is. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const READABLE_BY_OTHERS = 0o044;

/** What came out of pipes (`--credentials <(pass show keys)`): they yield it once, and would be waited for the next time. */
const readOnce = new Map<string, FileContent>();

async function contentOf(path: string): Promise<FileContent> {
  try {
    const known = readOnce.get(path);
    if (known && !(await stat(path)).isFile()) return known;
    const file = await open(path, 'r');
    try {
      const stats = await file.stat();
      if (stats.isDirectory()) return { unreadable: 'it is a folder' };
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of file.createReadStream({ autoClose: false })) {
        chunks.push(chunk as Buffer);
        bytes += (chunk as Buffer).length;
        if (bytes > MAX_FILE_BYTES) return { unreadable: 'it is larger than 16 MiB' };
      }
      const isShared = stats.isFile() && (stats.mode & READABLE_BY_OTHERS) !== 0;
      const content = { text: decodeCredentials(Buffer.concat(chunks)), isShared };
      if (!stats.isFile()) readOnce.set(path, content);
      return content;
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return { unreadable: code === 'ENOENT' ? 'it does not exist' : String(code ?? error) };
  }
}
