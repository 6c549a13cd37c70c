import { type IniSection, lineOf, settingOf } from './ini.ts';
import { isProfile } from './merge.ts';
import { Secret } from './secret.ts';
import { headerValueFault, scopeValueFault, secretFault } from './values.ts';

/** What requests are signed with. */
export interface PlainKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret | undefined;
}

/** A key that somebody else gives out for a while: a program, AWS's token services, the machine that this runs on. */
export interface ProvidedKey {
  /** The section, and those that it refers to, as `sectionsOf` reads them. Programs' arguments may be secret. */
  readonly sections: Secret;
}

/** The key of a profile: one of both. */
export interface ProfileKey extends Partial<PlainKey> {
  readonly provided?: ProvidedKey | undefined;
}

export const ACCESS_KEY_ID = ['AWS_ACCESS_KEY_ID'] as const;
export const SECRET_ACCESS_KEY = ['AWS_SECRET_ACCESS_KEY'] as const;
const SESSION_TOKEN = ['AWS_SESSION_TOKEN'] as const;
const CREDENTIAL_SOURCES = ['Ec2InstanceMetadata', 'EcsContainer', 'Environment'];
const SSO_KEYS = ['sso_session', 'sso_start_url', 'sso_account_id', 'sso_role_name'] as const;

/** The ways in which a section can say where its key comes from, beside holding it. */
export type KeyWay = 'role' | 'web-identity' | 'process' | 'sso' | 'login' | 'source';

/** Which way a section names, in the order of AWS's SDKs; undefined: it holds a key itself, or nothing. Pure. */
export function keyWayOf(section: IniSection): KeyWay | undefined {
  const has = (key: string): boolean => settingOf(section, [key]) !== undefined;
  if (has('role_arn') && (has('source_profile') || has('credential_source'))) return 'role';
  if (holdsKey(section)) return undefined;
  if (has('web_identity_token_file')) return 'web-identity';
  if (has('credential_process')) return 'process';
  if (SSO_KEYS.some(has)) return 'sso';
  if (has('login_session')) return 'login';
  if (has('credential_source')) return 'source';
  return has('role_arn') ? 'role' : undefined;
}

/** Whether a section holds a key of its own. Pure. */
export function holdsKey(section: IniSection): boolean {
  return [ACCESS_KEY_ID, SECRET_ACCESS_KEY].every(names => settingOf(section, names) !== undefined);
}

/**
 * The key that a section holds or names the source of, or what is wrong with it. Pure.
 * @param related the sections that it refers to
 */
export function readKey(section: IniSection, related: readonly IniSection[]): ProfileKey | string[] {
  const faults = faultsOfHeld(section);
  const way = keyWayOf(section);
  if (way === undefined) return faults.length > 0 ? faults : heldKey(section);
  faults.push(...faultsOfWay(section, way, related, [section]));
  return faults.length > 0 ? faults : { provided: { sections: written([section, ...related]) } };
}

/** The key that stands in a section; call it where `holdsKey`. Pure. */
export function heldKey(section: IniSection): PlainKey {
  const token = settingOf(section, SESSION_TOKEN);
  return {
    accessKeyId: settingOf(section, ACCESS_KEY_ID) ?? '',
    secretAccessKey: new Secret(settingOf(section, SECRET_ACCESS_KEY) ?? ''),
    sessionToken: token === undefined ? undefined : new Secret(token),
  };
}

/** Whether both sign alike. Pure. */
export function isSameKey(one: PlainKey | undefined, other: PlainKey | undefined): boolean {
  return (
    one?.accessKeyId === other?.accessKeyId &&
    one?.secretAccessKey.reveal() === other?.secretAccessKey.reveal() &&
    one?.sessionToken?.reveal() === other?.sessionToken?.reveal()
  );
}

/** What is wrong with values of a section, each with its line. Pure. @param rules names of the key, and its rule */
export function faultsOf(
  section: IniSection,
  rules: readonly (readonly [names: readonly string[], fault: (value: string) => string | undefined])[],
): string[] {
  return rules.flatMap(([names, rule]) => {
    const value = settingOf(section, names);
    const fault = value === undefined ? undefined : rule(value);
    if (fault === undefined) return [];
    const line = lineOf(section, names);
    return [`${line === undefined ? '' : `${line}: `}${names[0]} ${fault}`];
  });
}

function faultsOfHeld(section: IniSection): string[] {
  return faultsOf(section, [
    [ACCESS_KEY_ID, scopeValueFault],
    [SECRET_ACCESS_KEY, secretFault],
    [SESSION_TOKEN, headerValueFault],
  ]);
}

function faultsOfWay(
  section: IniSection,
  way: KeyWay,
  related: readonly IniSection[],
  visited: readonly IniSection[],
): string[] {
  const setting = (key: string): string | undefined => settingOf(section, [key]);
  const at = (key: string, words: string): string[] => {
    const line = lineOf(section, [key]);
    return [`${line === undefined ? '' : `${line}: `}${key} ${words}`];
  };
  if (setting('mfa_serial') !== undefined && way === 'role') {
    return at(
      'mfa_serial',
      'asks for a code each time, which nobody is there to type; use a role without it',
    );
  }
  const source = setting('credential_source');
  if (source !== undefined && (way === 'source' || way === 'role') && !CREDENTIAL_SOURCES.includes(source)) {
    return at('credential_source', `must be one of ${CREDENTIAL_SOURCES.join(', ')}`);
  }
  if (way === 'web-identity' && setting('role_arn') === undefined) {
    return at('web_identity_token_file', 'needs role_arn');
  }
  if (way === 'sso') return faultsOfSso(section, related, at);
  if (way !== 'role') return [];
  const name = setting('source_profile');
  if (name === undefined) {
    return source !== undefined
      ? []
      : at('role_arn', 'needs source_profile, credential_source or web_identity_token_file');
  }
  if (name === section.name) return holdsKey(section) ? [] : at('source_profile', 'names its own profile');
  const next = [...visited, ...related].find(one => isProfile(one) && one.name === name);
  if (next === undefined) return at('source_profile', 'names a profile that is not there');
  if (visited.includes(next)) return at('source_profile', 'leads in a circle');
  const nextWay = keyWayOf(next);
  const faults =
    nextWay !== undefined
      ? faultsOfWay(next, nextWay, related, [...visited, next])
      : holdsKey(next)
        ? faultsOfHeld(next)
        : ['it has no key'];
  return faults.map(fault => `source_profile "${name}": ${fault}`);
}

function faultsOfSso(
  section: IniSection,
  related: readonly IniSection[],
  at: (key: string, words: string) => string[],
): string[] {
  const name = settingOf(section, ['sso_session']);
  const session = related.find(one => one.kind === 'sso-session' && one.name === name);
  if (name !== undefined && session === undefined) {
    return at('sso_session', 'names a section [sso-session …] that is not there');
  }
  const missing = ['sso_account_id', 'sso_role_name', 'sso_start_url', 'sso_region'].filter(
    key => settingOf(section, [key]) === undefined && (!session || settingOf(session, [key]) === undefined),
  );
  return missing.length === 0 ? [] : [`missing ${missing.join(', ')}`];
}

/** What `sectionsOf` reads again: plain data, so that plans with the same sources are equal. */
function written(sections: readonly IniSection[]): Secret {
  return new Secret(
    JSON.stringify(
      sections.map(({ name, kind, values, places, place }) => ({
        name,
        kind,
        values: [...values],
        // Where a section stands is part of what is read by others; on which line is not.
        path: place?.path,
        paths: [...(places ?? [])].map(([key, at]) => [key, at.path]),
      })),
    ),
  );
}

/** A section, with the file that it or one of its keys stands in. */
export interface FiledSection extends IniSection {
  readonly path: string | undefined;
  readonly paths: ReadonlyMap<string, string>;
}

/** The section of a provided key, and those that it refers to. Pure. */
export function sectionsOf({ sections }: ProvidedKey): readonly [FiledSection, ...FiledSection[]] {
  const all = JSON.parse(sections.reveal()) as {
    name: string;
    kind?: IniSection['kind'];
    values: [string, string][];
    path?: string;
    paths: [string, string][];
  }[];
  return all.map(({ name, kind, values, path, paths }) => ({
    name,
    kind,
    values: new Map(values),
    path,
    paths: new Map(paths),
  })) as unknown as readonly [FiledSection, ...FiledSection[]];
}
