import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../../../base/errors.ts';
import type { Profile } from '../object-store-definition.ts';
import { type IniSection, parseIni } from './ini.ts';
import { hasProvider, profilesOf } from './read-profiles.ts';

/** Where a candidate file comes from, in the order of the search. */
export type CredentialsOrigin = 'environment' | 'home' | 'argument';

export interface CredentialsCandidate {
  readonly path: string;
  readonly origin: CredentialsOrigin;
  /** Its content, or why there is none. */
  readonly content: { readonly text: string } | { readonly unreadable: string };
}

export interface ChosenCredentials {
  readonly path: string;
  readonly origin: CredentialsOrigin;
  readonly profiles: readonly Profile[];
  /** Files looked at before it, for the log. */
  readonly passedOver: readonly { readonly path: string; readonly why: string }[];
}

/**
 * Decides which candidate counts. Before the argument comes what the AWS command line would find, if any
 * profile in it has a `provider`; without an argument the first file there is counts whatever is in it, so
 * that reading its profiles can say what is missing.
 * @param candidates in the order of the search, an argument last
 * @throws SluiceError credentials_missing when there is none; credentials_invalid for faults in the one that counts
 */
export function chooseCredentials(candidates: readonly CredentialsCandidate[]): ChosenCredentials {
  const hasArgument = candidates.some(candidate => candidate.origin === 'argument');
  const passedOver: { path: string; why: string }[] = [];
  for (const { path, origin, content } of candidates) {
    const mayPassOver = hasArgument && origin !== 'argument';
    if ('unreadable' in content) {
      if (origin === 'argument') throw missingCredentials(`cannot read ${path}: ${content.unreadable}`, path);
      passedOver.push({ path, why: content.unreadable });
      continue;
    }
    let sections: IniSection[];
    try {
      sections = parseIni(content.text, path);
    } catch (error) {
      if (!mayPassOver || !(error instanceof SluiceError)) throw error;
      passedOver.push({ path, why: error.message });
      continue;
    }
    if (mayPassOver && !sections.some(hasProvider)) {
      passedOver.push({ path, why: 'no profile in it has a provider' });
      continue;
    }
    return { path, origin, profiles: profilesOf(sections, path), passedOver };
  }
  const looked = passedOver.map(({ path, why }) => `${path} (${why})`).join(', ');
  throw missingCredentials(`no credentials file: looked for ${looked || 'nothing'}`);
}

function missingCredentials(message: string, subject?: string): SluiceError {
  return new SluiceError('credentials_missing', message, { subject });
}

export interface CredentialsSearch {
  /** `--credentials FILE`. */
  readonly argument?: string;
  /** `--only-credentials FILE`: this file and no search. */
  readonly only?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
}

/** Reads the candidates and chooses among them; see `chooseCredentials` for what it throws. */
export async function findCredentials(search: CredentialsSearch): Promise<ChosenCredentials> {
  const places: [string | undefined, CredentialsOrigin][] =
    search.only !== undefined
      ? [[search.only, 'argument']]
      : [
          [search.environment.AWS_SHARED_CREDENTIALS_FILE || undefined, 'environment'],
          [join(search.homeDirectory, '.aws', 'credentials'), 'home'],
          [search.argument, 'argument'],
        ];
  const candidates: CredentialsCandidate[] = [];
  for (const [path, origin] of places) {
    if (path !== undefined) candidates.push({ path, origin, content: await contentOf(path) });
  }
  return chooseCredentials(candidates);
}

async function contentOf(path: string): Promise<CredentialsCandidate['content']> {
  try {
    return { text: await readFile(path, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return { unreadable: code === 'ENOENT' ? 'it does not exist' : String(code ?? error) };
  }
}
