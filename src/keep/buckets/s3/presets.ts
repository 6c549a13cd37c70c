/**
 * How a body is protected on its way, best first:
 * `trailer`: streamed as aws-chunked with its CRC32 after it, one pass over the file;
 * `header`: CRC32 and SHA-256 computed first and sent in headers, two passes;
 * `md5`: the SHA-256 that the signature covers, and Content-MD5, for servers that ask for it;
 * `sha256`: only the SHA-256 that the signature covers, two passes, for servers that refuse x-amz-checksum headers.
 */
export type ChecksumMode = 'trailer' | 'header' | 'md5' | 'sha256';

/** Whether a body so protected has its CRC32 with it. Pure. */
export function hasCrc32(mode: ChecksumMode): boolean {
  return mode === 'trailer' || mode === 'header';
}

export interface S3Preset {
  /** `virtual` puts the bucket in the host name, `path` in front of the key. */
  readonly addressing: 'path' | 'virtual';
  /** Region to sign for where the profile names none; undefined: the profile must name it. */
  readonly defaultRegion: string | undefined;
  /** Endpoint for a region where the profile names none; undefined: the profile must name it. */
  readonly endpointOf: ((region: string) => string) | undefined;
  readonly checksum: ChecksumMode;
  /** Ask with Expect: 100-continue before a large body, so that a refusal comes before the bytes are sent. */
  readonly expectContinue: boolean;
}

/** China's regions have a domain of their own (AWS, "Amazon S3 endpoints and quotas"). */
const amazonEndpoint = (region: string): string =>
  `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

/**
 * Quirks of providers, by the name that a profile gives as its `provider`, so that nobody has to know them. A server
 * that departs from its preset is adapted to while running (adapt.ts); the preset saves the refused first request.
 */
export const S3_PRESETS = {
  amazon: {
    addressing: 'virtual',
    defaultRegion: undefined,
    endpointOf: amazonEndpoint,
    checksum: 'trailer',
    expectContinue: true,
  },
  // R2's region is "auto"; it lists CRC32 among its checksums (developers.cloudflare.com/r2/api/s3/api) but not AWS's
  // streaming signatures (…/r2/examples/aws/aws-sdk-net). Until 2025 it answered 501 to x-amz-checksum-crc32; such an
  // answer is adapted to.
  cloudflare: {
    addressing: 'path',
    defaultRegion: 'auto',
    endpointOf: undefined,
    checksum: 'header',
    expectContinue: false,
  },
  // B2 refuses every x-amz-checksum header, x-amz-checksum-mode of HEAD among them, with 400 InvalidArgument
  // (backblaze.com/docs/cloud-storage-s3-compatible-api, "Unsupported features").
  backblaze: {
    addressing: 'path',
    defaultRegion: undefined,
    endpointOf: undefined,
    checksum: 'sha256',
    expectContinue: false,
  },
  s3: {
    addressing: 'path',
    defaultRegion: 'us-east-1',
    endpointOf: undefined,
    checksum: 'trailer',
    expectContinue: true,
  },
} as const satisfies Readonly<Record<string, S3Preset>>;
