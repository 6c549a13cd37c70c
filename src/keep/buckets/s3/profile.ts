import type { HttpProxy } from '../../../base/proxy.ts';
import { type IniSection, lineOf, settingOf } from '../credentials/ini.ts';
import { ACCESS_KEY_ID, faultsOf, type ProfileKey, readKey, SECRET_ACCESS_KEY } from '../credentials/key.ts';
import type { Secret } from '../credentials/secret.ts';
import { headerValueFault } from '../credentials/values.ts';
import type { Profile } from '../object-store-definition.ts';
import { type CustomerKeySource, customerKeySourceOf } from './customer-key.ts';
import { S3_PRESETS, type S3Preset } from './presets.ts';

export type S3Provider = keyof typeof S3_PRESETS;

/**
 * What it takes to reach an S3 server; the preset's values with the profile's own put over them. Its key stands in it,
 * or where to get one.
 */
export interface S3Profile extends Profile, Omit<S3Preset, 'defaultRegion' | 'endpointOf'>, ProfileKey {
  readonly kind: 's3';
  readonly provider: S3Provider;
  /** URL, with the path below which the API lies, without a slash at its end; of Amazon's own region where none is named. */
  readonly endpoint: string;
  readonly region: string;
  /** Who sends objects and parts: sluice's own hot path, or the AWS SDK. */
  readonly transport?: 'own' | 'sdk';
  /** Through what the server is reached; straight where absent. Of the machine's settings, not of the section. */
  readonly proxy?: HttpProxy | undefined;
  /** A file with certificates (PEM) that the server's may be signed by, beside those that Node knows. */
  readonly caFile?: string | undefined;
  /** What stands in it. */
  readonly ca?: string | undefined;
  /** Where the key that objects are encrypted with on the server (SSE-C) is to be had. */
  readonly customerKeyFrom?: CustomerKeySource | undefined;
  /** That key, base64 of 32 bytes. */
  readonly customerKey?: Secret | undefined;
}

/** Names under which a setting is accepted, the one for messages first. */
const KEY_NAMES = {
  accessKeyId: ACCESS_KEY_ID,
  secretAccessKey: SECRET_ACCESS_KEY,
  region: ['AWS_REGION', 'region', 'AWS_DEFAULT_REGION'],
  endpoint: ['AWS_ENDPOINT', 'endpoint_url', 'AWS_ENDPOINT_URL', 'endpoint'],
  addressing: ['addressing_style', 's3.addressing_style'],
  checksum: ['checksum'],
  transport: ['transport'],
  caFile: ['ca_bundle', 'AWS_CA_BUNDLE'],
} as const;

type KeyName = keyof typeof KEY_NAMES;

/** The profile of a section, or what is wrong with it. @param related sections that this one refers to */
export function readS3Profile(
  section: IniSection,
  provider: S3Provider,
  related: readonly IniSection[] = [],
): S3Profile | string[] {
  const read = (key: KeyName): string | undefined => settingOf(section, KEY_NAMES[key]);
  const preset: S3Preset = S3_PRESETS[provider];
  const region = read('region') ?? preset.defaultRegion;
  const endpoint =
    read('endpoint') ??
    endpointOfServices(related) ??
    (region === undefined ? undefined : preset.endpointOf?.(region));
  const addressing = addressingOf(read('addressing')) ?? preset.addressing;
  const checksum = read('checksum')?.toLowerCase() ?? preset.checksum;
  const key = readKey(section, related);
  const isProvided = Array.isArray(key) || key.provided !== undefined;
  const wanted: [KeyName, string | undefined][] = [
    ['accessKeyId', isProvided ? 'not needed' : read('accessKeyId')],
    ['secretAccessKey', isProvided ? 'not needed' : read('secretAccessKey')],
    ['region', region],
    ['endpoint', preset.endpointOf ? 'not needed' : endpoint],
  ];
  const missing = wanted.filter(([, value]) => value === undefined).map(([name]) => KEY_NAMES[name][0]);
  const faults = missing.length > 0 ? [`missing ${missing.join(', ')}`] : [];
  if (Array.isArray(key)) faults.push(...key);
  faults.push(
    ...faultsOf(section, [
      [KEY_NAMES.region, value => faultOfRegion(value, provider)],
      [KEY_NAMES.endpoint, faultOfEndpoint],
    ]),
  );
  const at = (name: KeyName): string => {
    const line = lineOf(section, KEY_NAMES[name]);
    return line === undefined ? '' : `${line}: `;
  };
  if (addressing !== 'path' && addressing !== 'virtual')
    faults.push(`${at('addressing')}addressing_style must be path or virtual`);
  if (!['trailer', 'header', 'md5', 'sha256'].includes(checksum)) {
    faults.push(`${at('checksum')}checksum must be trailer, header, md5 or sha256`);
  }
  const transport = read('transport')?.toLowerCase() ?? 'own';
  if (transport !== 'own' && transport !== 'sdk')
    faults.push(`${at('transport')}transport must be own or sdk`);
  const customerKeyFrom = customerKeySourceOf(section);
  if (typeof customerKeyFrom === 'string') faults.push(customerKeyFrom);
  else if (customerKeyFrom !== undefined && endpoint !== undefined && isOpenToAll(endpoint)) {
    faults.push('sse_customer_key needs an endpoint with https://: the key goes with every request');
  }
  if (faults.length > 0) return faults;
  return {
    kind: 's3',
    name: section.name,
    provider,
    endpoint: withoutSlash(endpoint as string),
    region: region as string,
    ...(key as ProfileKey),
    addressing: addressing as S3Profile['addressing'],
    checksum: checksum as S3Profile['checksum'],
    expectContinue: preset.expectContinue,
    transport: transport as S3Profile['transport'],
    caFile: read('caFile'),
    customerKeyFrom: customerKeyFrom as CustomerKeySource | undefined,
  };
}

/** What `services = NAME` leads to: an endpoint for S3 alone. */
function endpointOfServices(related: readonly IniSection[]): string | undefined {
  const services = related.find(({ kind }) => kind === 'services');
  return services && settingOf(services, ['s3.endpoint_url']);
}

/** As written for sluice, or for the AWS command line, which also knows `auto`. */
function addressingOf(written: string | undefined): string | undefined {
  const word = written?.toLowerCase();
  return word === 'auto' ? undefined : word;
}

/** What is wrong with a region, or undefined. Of others than Amazon's any word may be one. */
function faultOfRegion(region: string, provider: S3Provider): string | undefined {
  const fault = headerValueFault(region) ?? (/[,/]/.test(region) ? 'holds a comma or slash' : undefined);
  if (fault !== undefined || provider !== 'amazon') return fault;
  return /^[a-z]{2,}(-[a-z]+)+-\d+$/.test(region)
    ? undefined
    : 'is no region of Amazon; write it like eu-west-1';
}

/** A bucket in front of Amazon's own host names: bucket.s3.eu-west-1.amazonaws.com. */
const BUCKET_IN_HOST = /^.+\.s3([.-][a-z0-9-]+)?\.amazonaws\.com(\.cn)?$/;

/** What is wrong with an endpoint, or undefined. The value is not quoted where it holds a password. */
function faultOfEndpoint(endpoint: string): string | undefined {
  const url = URL.parse(endpoint);
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must begin with https:// or http://';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  if (url.search !== '' || url.hash !== '') return `must end before ? and #: give ${withoutSlash(endpoint)}`;
  if (/[^\w./~-]|\/\/|(^|\/)\.{1,2}(\/|$)/.test(url.pathname))
    return 'has a path that is not made of plain names';
  if (url.port === '0') return 'has port 0, at which nothing listens';
  if (BUCKET_IN_HOST.test(url.hostname)) return 'has a bucket in front; give the address without it';
  return undefined;
}

/** Scheme, host, port and path, without a slash at the end. */
function withoutSlash(endpoint: string): string {
  const { origin, pathname } = new URL(endpoint);
  return `${origin}${pathname}`.replace(/\/+$/, '');
}

/** Whether what is sent there can be read on its way. */
function isOpenToAll(endpoint: string): boolean {
  const url = URL.parse(endpoint);
  if (url?.protocol !== 'http:') return false;
  return !/^(localhost|127\.|\[::1\])/.test(url.hostname);
}
