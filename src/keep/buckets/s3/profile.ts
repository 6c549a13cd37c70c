import { type IniSection, settingOf } from '../credentials/ini.ts';
import { Secret } from '../credentials/secret.ts';
import type { Profile } from '../object-store-definition.ts';
import { S3_PRESETS, type S3Preset } from './presets.ts';

export type S3Provider = keyof typeof S3_PRESETS;

/** What it takes to reach an S3 server; the preset's values with the profile's own put over them. */
export interface S3Profile extends Profile, Omit<S3Preset, 'defaultRegion' | 'endpointOf'> {
  readonly kind: 's3';
  readonly provider: S3Provider;
  /** URL without path; of Amazon's own region where the profile names none. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
  /** Who sends objects and parts: sluice's own hot path, or the AWS SDK. */
  readonly transport?: 'own' | 'sdk';
}

/** Names under which a key is accepted, the one for messages first. */
const KEY_NAMES = {
  accessKeyId: ['AWS_ACCESS_KEY_ID'],
  secretAccessKey: ['AWS_SECRET_ACCESS_KEY'],
  sessionToken: ['AWS_SESSION_TOKEN'],
  region: ['AWS_REGION', 'region', 'AWS_DEFAULT_REGION'],
  endpoint: ['AWS_ENDPOINT', 'endpoint_url', 'AWS_ENDPOINT_URL', 'endpoint'],
  addressing: ['addressing_style'],
  checksum: ['checksum'],
  transport: ['transport'],
} as const;

type KeyName = keyof typeof KEY_NAMES;

/** The profile of a section, or what is wrong with it. */
export function readS3Profile(section: IniSection, provider: S3Provider): S3Profile | string[] {
  const read = (key: KeyName): string | undefined => settingOf(section, KEY_NAMES[key]);
  const preset: S3Preset = S3_PRESETS[provider];
  const region = read('region') ?? preset.defaultRegion;
  const endpoint = read('endpoint') ?? (region === undefined ? undefined : preset.endpointOf?.(region));
  const accessKeyId = read('accessKeyId');
  const secretAccessKey = read('secretAccessKey');
  const addressing = read('addressing')?.toLowerCase() ?? preset.addressing;
  const checksum = read('checksum')?.toLowerCase() ?? preset.checksum;
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
  const transport = read('transport')?.toLowerCase() ?? 'own';
  if (transport !== 'own' && transport !== 'sdk') faults.push('transport must be own or sdk');
  if (faults.length > 0) return faults;
  const sessionToken = read('sessionToken');
  return {
    kind: 's3',
    name: section.name,
    provider,
    endpoint: new URL(endpoint as string).origin,
    region: region as string,
    accessKeyId: accessKeyId as string,
    secretAccessKey: new Secret(secretAccessKey as string),
    sessionToken: sessionToken === undefined ? undefined : new Secret(sessionToken),
    addressing: addressing as S3Profile['addressing'],
    checksum: checksum as S3Profile['checksum'],
    expectContinue: preset.expectContinue,
    transport: transport as S3Profile['transport'],
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
