import { isAbsolute } from 'node:path';
import { inspect } from 'node:util';
import { SluiceError } from '../../../base/errors.ts';
import { PROVIDERS, type Provider, S3_PRESETS, type S3Preset } from '../presets.ts';
import { type IniSection, parseIni } from './ini.ts';

/** A text that neither JSON, nor a template, nor the inspector shows. */
export class Secret {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  /** The text itself; for signing only. */
  reveal(): string {
    return this.#text;
  }
  toString(): string {
    return '***';
  }
  toJSON(): string {
    return '***';
  }
  [inspect.custom](): string {
    return 'Secret(***)';
  }
}

/** What it takes to reach an S3 server; the preset's values with the profile's own put over them. */
export interface S3Profile extends Omit<S3Preset, 'defaultRegion' | 'endpointOf'> {
  readonly kind: 's3';
  readonly name: string;
  readonly provider: Exclude<Provider, 'directory'>;
  /** URL without path; of Amazon's own region where the profile names none. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
  /** Who sends objects and parts: sluice's own hot path, or the AWS SDK. */
  readonly transport?: 'own' | 'sdk';
}

/** A folder as object store (S1); its sub-folders are the buckets. */
export interface DirectoryProfile {
  readonly kind: 'directory';
  readonly name: string;
  readonly provider: 'directory';
  readonly path: string;
}

export type Profile = S3Profile | DirectoryProfile;

/** Names under which a key is accepted, the one for messages first; compared without regard to case (F4). */
const KEY_NAMES = {
  accessKeyId: ['AWS_ACCESS_KEY_ID'],
  secretAccessKey: ['AWS_SECRET_ACCESS_KEY'],
  sessionToken: ['AWS_SESSION_TOKEN'],
  region: ['AWS_REGION', 'region', 'AWS_DEFAULT_REGION'],
  endpoint: ['AWS_ENDPOINT', 'endpoint_url', 'AWS_ENDPOINT_URL', 'endpoint'],
  addressing: ['addressing_style'],
  checksum: ['checksum'],
  transport: ['transport'],
  path: ['path'],
  provider: ['provider'],
} as const;

type KeyName = keyof typeof KEY_NAMES;

function read(section: IniSection, key: KeyName): string | undefined {
  for (const name of KEY_NAMES[key]) {
    const value = section.values.get(name.toLowerCase());
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

/** Whether a section says which provider it is for: what marks a profile as meant for sluice (F50). */
export function hasProvider(section: IniSection): boolean {
  return read(section, 'provider') !== undefined;
}

/**
 * Every profile of a credentials file (F2, F4), in its order.
 * @param subject the file's path, for messages
 * @throws SluiceError credentials_invalid naming all faults of all profiles at once: no profile at all (F3), no provider
 *   (F5), missing keys (F6), values that cannot be right
 */
export function parseProfiles(text: string, subject: string): Profile[] {
  return profilesOf(parseIni(text, subject), subject);
}

/** As `parseProfiles`, for a file already read into sections. */
export function profilesOf(sections: readonly IniSection[], subject: string): Profile[] {
  const faults: string[] = [];
  if (sections.length === 0) faults.push('there is no profile in it');
  const profiles: Profile[] = [];
  for (const section of sections) {
    const found = profileOf(section);
    if (Array.isArray(found)) faults.push(`profile "${section.name}": ${found.join(', ')}`);
    else profiles.push(found);
  }
  if (faults.length > 0) {
    throw new SluiceError('credentials_invalid', `${subject}: ${faults.join('; ')}`, { subject });
  }
  return profiles;
}

/** The profile of a section, or what is wrong with it. */
function profileOf(section: IniSection): Profile | string[] {
  // A profile's name becomes a folder of the spool (F13).
  const nameFault =
    /^[^/\\\0]+$/.test(section.name) && !/^\.\.?$/.test(section.name) ? [] : ['its name cannot be a folder'];
  const provider = read(section, 'provider')?.toLowerCase();
  if (provider === undefined) return [...nameFault, `no provider (one of ${PROVIDERS.join(', ')})`];
  if (!isProvider(provider))
    return [...nameFault, `unknown provider "${provider}" (one of ${PROVIDERS.join(', ')})`];
  const found = provider === 'directory' ? directoryProfile(section) : s3Profile(section, provider);
  if (Array.isArray(found)) return [...nameFault, ...found];
  return nameFault.length > 0 ? nameFault : found;
}

function isProvider(text: string): text is Provider {
  return (PROVIDERS as readonly string[]).includes(text);
}

function directoryProfile(section: IniSection): DirectoryProfile | string[] {
  const path = read(section, 'path');
  if (path === undefined) return ['missing path'];
  if (!isAbsolute(path)) return ['path must be absolute'];
  return { kind: 'directory', name: section.name, provider: 'directory', path };
}

function s3Profile(section: IniSection, provider: Exclude<Provider, 'directory'>): S3Profile | string[] {
  const preset = S3_PRESETS[provider];
  const region = read(section, 'region') ?? preset.defaultRegion;
  const endpoint =
    read(section, 'endpoint') ?? (region === undefined ? undefined : preset.endpointOf?.(region));
  const accessKeyId = read(section, 'accessKeyId');
  const secretAccessKey = read(section, 'secretAccessKey');
  const addressing = read(section, 'addressing')?.toLowerCase() ?? preset.addressing;
  const checksum = read(section, 'checksum')?.toLowerCase() ?? preset.checksum;
  const wanted: [KeyName, string | undefined][] = [
    ['accessKeyId', accessKeyId],
    ['secretAccessKey', secretAccessKey],
    ['region', region],
    ['endpoint', preset.endpointOf ? 'not needed' : endpoint],
  ];
  const missing = wanted.filter(([, value]) => value === undefined).map(([key]) => KEY_NAMES[key][0]);
  const faults = missing.length > 0 ? [`missing ${missing.join(', ')}`] : [];
  const endpointFault = endpoint === undefined ? undefined : faultOfEndpoint(endpoint);
  if (endpointFault !== undefined) faults.push(endpointFault);
  if (addressing !== 'path' && addressing !== 'virtual')
    faults.push('addressing_style must be path or virtual');
  if (checksum !== 'trailer' && checksum !== 'header' && checksum !== 'sha256') {
    faults.push('checksum must be trailer, header or sha256');
  }
  const transport = read(section, 'transport')?.toLowerCase() ?? 'own';
  if (transport !== 'own' && transport !== 'sdk') faults.push('transport must be own or sdk');
  if (faults.length > 0) return faults;
  const sessionToken = read(section, 'sessionToken');
  return {
    kind: 's3',
    name: section.name,
    provider,
    endpoint: new URL(endpoint as string).origin,
    region: region as string,
    accessKeyId: accessKeyId as string,
    secretAccessKey: new Secret(secretAccessKey as string),
    ...(sessionToken === undefined ? {} : { sessionToken: new Secret(sessionToken) }),
    addressing: addressing as S3Profile['addressing'],
    checksum: checksum as S3Profile['checksum'],
    expectContinue: preset.expectContinue,
    ...(transport === 'sdk' ? { transport } : {}),
  };
}

/** What is wrong with an endpoint, or undefined. The value is not quoted where it holds a password. */
function faultOfEndpoint(endpoint: string): string | undefined {
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol))
    return `AWS_ENDPOINT must begin with https:// or http://`;
  if (url.username !== '' || url.password !== '') return 'AWS_ENDPOINT must not hold a user name or password';
  if (url.pathname !== '/' || url.search !== '') return `AWS_ENDPOINT must have no path: give ${url.origin}`;
  return undefined;
}
