import { z } from 'zod';
import { globFault } from '../../base/globs.ts';
import { proxyAt } from '../../base/proxy.ts';
import { parseRateTimetable } from '../../base/rate-timetable.ts';
import {
  choice,
  commandOrUrl,
  count,
  duration,
  fieldKinds,
  flag,
  line,
  list,
  mapping,
  onlyForType,
  optionalCount,
  optionalDuration,
  optionalFlag,
  optionalPath,
  optionalProgram,
  optionalSize,
  optionalText,
  path,
  section,
  size,
} from '../fields.ts';
import { TEMPORARY_NAMES } from './temporary-names.ts';

const BUCKET_PLACE = /^s3:\/\/([^/\s]+)\/([^/\s]+)(\/.*)?$/;
const DESTINATION = /^[^/]+(\/[^/]+)?$/;

/** `s3://profile/bucket/prefix` where files of a folder go. */
export function place() {
  return line('must be a destination like s3://profile/bucket/prefix', value =>
    BUCKET_PLACE.test(value) ? undefined : 'is not of the form s3://profile/bucket/prefix',
  );
}

/** Globs of files below a folder. */
function selection(description: string, example: string[]) {
  return list(line('must be a pattern in which * and ? may stand for any characters', globFault), {
    description,
    example,
  });
}

/** What keeps a text from being a proxy's address, without repeating it: it may hold a password. */
function proxyFault(value: string): string | undefined {
  if (value === 'none') return undefined;
  try {
    proxyAt(value, 'it');
    return undefined;
  } catch {
    return 'is not the address of an http or https proxy, nor none';
  }
}

function glob() {
  return line('must be a name in which * and ? may stand for any characters');
}

const gate = mapping(
  {
    command: optionalText({
      description: 'A shell command; it says yes by ending well and printing `true` or `yes`.',
      example: '/usr/local/bin/may-sync',
    }),
    url: optionalText({
      description: 'An address; it says yes by answering `true`, `yes` or `{"sync": true}`.',
      example: 'http://127.0.0.1:9000/may-sync',
    }),
    timeout: duration({
      default: '10s',
      min: '100ms',
      max: '10m',
      description: 'How long the answer may take; silence means no.',
    }),
  },
  [commandOrUrl],
)
  .optional()
  .meta({
    description: 'Asked before each scheduled sync whether to sync now; only an explicit yes lets it run.',
  });

const hooks = mapping(
  {
    delivered: optionalProgram({
      description:
        'A program and its arguments, run without a shell for each file that is delivered; it gets the facts of it as JSON on standard input and in SLUICE_* variables.',
      example: ['/usr/local/bin/after-delivery'],
    }),
    failed: optionalProgram({
      description: 'The same for each file that is given up, with its cause.',
      example: ['/usr/local/bin/after-failure'],
    }),
    timeout: duration({
      default: '1m',
      min: '100ms',
      max: '1d',
      description: 'How long a program may take before it is killed, with all that it started.',
    }),
    atOnce: count({ default: 4, min: 1, max: 64, description: 'How many run at once.' }),
  },
  [
    ({ delivered, failed }, fault) => {
      if (delivered === undefined && failed === undefined)
        fault('delivered', 'is missing; give it, failed, or both');
    },
  ],
)
  .optional()
  .meta({ description: 'Programs that are run after deliveries; nothing waits for them.' });

const folder = mapping({
  path: path({ default: '.', description: 'The folder to deliver, with all below it.' }),
  to: place().meta({ description: 'Where its files go.' }),
  settle: duration({
    default: '10s',
    max: '1d',
    description: 'How long a file must not have been modified before it is sent.',
  }),
  after: choice(['keep', 'delete', 'completed'], {
    default: 'keep',
    description: 'What becomes of a file that was delivered: it stays, is deleted, or moves to `completed`.',
  }),
  adopt: flag({
    default: false,
    description:
      'Whether what the bucket holds already, by size and checksum, is recorded as delivered and not sent.',
  }),
  include: selection(
    'Where given, only files with these names or, with a slash, paths below the folder are taken, and all in folders with them; `*`, `?` and `**` as in a shell, letter case aside.',
    ['*.jpg', 'reports/**'],
  ),
  exclude: selection('Files that are left where they lie, whatever `include` says; the status counts them.', [
    'drafts/',
    '*.log',
  ]),
});

const AT_ONCE = { error: 'must be a whole number from 1 to 4096' };

/** As headers take them. */
const METADATA_NAME = /^[a-z0-9-]+$/;
/** What a delivered object says of its file. */
const OWN_METADATA = ['mtime', 'crc32'];
/** Amazon S3 user guide, "Working with object metadata": 2 KB in all, of which our own take some. */
const MOST_METADATA_BYTES = 1900;

/** Amazon S3 user guide, "Canned ACL". */
const CANNED_ACLS = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
];

const lock = mapping(
  {
    mode: choice(['governance', 'compliance'], {
      default: 'governance',
      description:
        'Whether whoever may bypass it can end it (`governance`), or nobody at all (`compliance`).',
    }),
    for: optionalDuration({
      description: 'How long an object cannot be deleted, from when it is sent on.',
      min: '1m',
      example: '90d',
    }),
    legalHold: flag({
      default: false,
      description: 'Whether it cannot be deleted until somebody takes the hold off, too.',
    }),
  },
  [
    ({ for: span, legalHold }, fault) => {
      if (span === undefined && legalHold !== true) fault('for', 'is missing; give it, or legalHold: true');
    },
  ],
)
  .optional()
  .meta({
    description: 'Object lock, in a bucket that was made with it: what is sent there cannot be deleted.',
    examples: [{ mode: 'governance', for: '90d' }],
  });

const destination = mapping(
  {
    for: line('must be a profile, or profile/bucket', value =>
      DESTINATION.test(value) ? undefined : 'is not a profile or profile/bucket',
    ).meta({ description: 'A profile, or `profile/bucket`; the latter counts over the former.' }),
    prefix: optionalText({ description: 'Put in front of every key.', example: 'robots/7' }),
    storageClass: optionalText({ description: 'The storage class of the objects.', example: 'STANDARD_IA' }),
    tags: z
      .record(z.string(), line(), { error: onlyForType('must be a mapping of names and values') })
      .prefault({})
      .meta({ description: 'Tags of the objects.', examples: [{ project: 'seven' }] }),
    tagSegments: flag({
      default: false,
      description: 'Whether folders named `tag=NAME` in a path give the object a tag.',
    }),
    cacheControl: optionalText({
      description: 'What `Cache-Control` says of the objects, for those that browsers and caches read.',
      example: 'public, max-age=3600',
    }),
    metadata: z
      .record(z.string(), line(), { error: onlyForType('must be a mapping of names and values') })
      .optional()
      .meta({
        description:
          'Metadata of your own beside the objects (`x-amz-meta-NAME`), 2 KB at most; `mtime` and `crc32` are taken.',
        examples: [{ robot: 'seven' }],
      }),
    acl: optionalText(
      {
        description: `A canned ACL, in a bucket that has ACLs: ${CANNED_ACLS.map(one => `\`${one}\``).join(', ')}.`,
        example: 'bucket-owner-full-control',
      },
      value => (CANNED_ACLS.includes(value) ? undefined : `must be one of ${CANNED_ACLS.join(', ')}`),
    ),
    lock,
    adopt: optionalFlag({
      description:
        'Whether what a bucket holds already, by size and checksum, is recorded as delivered and not sent.',
      example: true,
    }),
    encryption: optionalText({
      description: 'Server-side encryption: `AES256` or `aws:kms`.',
      example: 'AES256',
    }),
    encryptionKey: optionalText({ description: 'The key for `aws:kms`.', example: 'alias/delivery' }),
  },
  [
    ({ metadata = {} }, fault) => {
      for (const name of Object.keys(metadata)) {
        if (!METADATA_NAME.test(name)) fault('metadata', `"${name}" is no name: use a-z, 0-9 and hyphens`);
        else if (OWN_METADATA.includes(name)) fault('metadata', `"${name}" is what sluice keeps itself`);
      }
      const bytes = Object.entries(metadata).reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);
      if (bytes > MOST_METADATA_BYTES) fault('metadata', `is ${bytes} bytes; objects take 1900`);
    },
    ({ encryption, encryptionKey }, fault) => {
      if (encryption !== undefined && encryption !== 'AES256' && encryption !== 'aws:kms') {
        fault('encryption', 'must be AES256 or aws:kms');
      }
      if (encryptionKey !== undefined && encryption !== 'aws:kms')
        fault(
          'encryption',
          'must be aws:kms where encryptionKey names one of its keys; a key of your own (SSE-C) belongs to the profile, as sse_customer_key_file',
        );
    },
  ],
);

export const deliver = section(
  'How files reach their buckets.',
  {
    directory: optionalPath({
      description: 'The folder with `incoming` and the other areas; the root folder where not given.',
      example: '/var/lib/sluice',
    }),
    credentials: optionalPath({
      description:
        'A credentials file in AWS syntax, used where the AWS command line would find none for sluice.',
      example: '/etc/sluice/credentials',
    }),
    onlyCredentials: optionalPath({
      description: 'As `credentials`, but no other file is looked at.',
      example: '/etc/sluice/credentials',
    }),
    strictProfiles: flag({
      default: false,
      description:
        'Whether every profile must have a provider in a file, too, that was found where the AWS command line looks; otherwise those without one are left to other tools.',
    }),
    proxy: z
      .record(
        z.string(),
        line('must be the address of a proxy, or none', proxyFault).register(fieldKinds, { kind: 'secret' }),
        {
          error: onlyForType('must be a mapping of profiles and addresses'),
        },
      )
      .prefault({})
      .meta({
        description:
          'The proxy that a profile goes through, by profile; `none` for no proxy. For others HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment count.',
        examples: [{ pictures: 'http://proxy.example.com:3128' }],
      }),
    settle: duration({
      default: '10s',
      max: '1d',
      description:
        'How long a file must stay the same where the system cannot tell whether it is still written.',
    }),
    settleAfterClose: duration({
      default: '0s',
      max: '1d',
      description:
        'How long a file must stay the same after it was closed; for writers that close it and rename it later.',
    }),
    temporaryNames: list(glob(), {
      default: TEMPORARY_NAMES,
      description:
        'Names under which programs write before they rename: a file that has one, or lies in a folder that has one, is taken only when it has rested for a minute. `*` and `?` as in a shell, letter case aside.',
    }),
    ignore: list(glob(), {
      description:
        'Names, or with a slash paths below the bucket’s folder, that are never taken; the status counts them.',
      example: ['.DS_Store', 'scratch/**'],
    }),
    workers: optionalCount({
      min: 1,
      max: 256,
      description: 'How many large files are sent at once; half the processors where not given.',
      example: 2,
    }),
    smallAtOnce: count({
      default: 256,
      min: 1,
      max: 4096,
      description: 'How many small files are sent at once.',
    }),
    atOnce: z
      .record(z.string(), z.int(AT_ONCE).min(1, AT_ONCE).max(4096, AT_ONCE), {
        error: onlyForType('must be a mapping of profiles and numbers'),
      })
      .prefault({})
      .meta({
        description:
          'How many files are sent to a profile at once, small or large, by profile; others have what `smallAtOnce` and `workers` leave.',
        examples: [{ nas: 2 }],
      }),
    bandwidth: optionalText(
      {
        description:
          'How fast all that goes to object stores may go together, in a second: `2MiB`, or by times of day, as rclone has it: `08:00,512KiB 19:00,10MiB Sat-00:00,off`. Folders (`provider = directory`) are not bounded.',
        example: '08:00,512KiB 19:00,10MiB 23:00,off',
      },
      text => {
        const timetable = parseRateTimetable(text);
        return typeof timetable === 'string' ? timetable : undefined;
      },
    ),
    memory: size({
      default: '64MiB',
      min: '16MiB',
      description: 'What the contents of small files on their way may take.',
    }),
    partsAbove: size({
      default: '8MiB',
      min: '1MiB',
      max: '64MiB',
      description: 'Larger files are sent in parts.',
    }),
    partSize: size({ default: '8MiB', min: '5MiB', max: '5GiB', description: 'The size of a part.' }),
    partsAtOnce: count({
      default: 4,
      min: 1,
      max: 64,
      description: 'How many parts of a file are sent at once.',
    }),
    verify: choice(['head', 'answer'], {
      default: 'head',
      description:
        'How an object is verified: `head` asks after it was sent, for many at once by a page of the listing; `answer` does so only where the answer to sending it does not name its CRC32 or MD5.',
    }),
    emptyFiles: choice(['wait', 'upload'], {
      default: 'wait',
      description: 'Whether files without content wait until they have some.',
    }),
    emptyCopies: choice(['upload', 'refuse'], {
      default: 'upload',
      description:
        'What `sluice copy` does with a file without content, which is all there is of it: `upload` has it become an empty object, `refuse` names it as failed.',
    }),
    hardLinks: choice(['own', 'any'], {
      default: 'own',
      description:
        'Which files with a second name (a hard link) are delivered: `own` those that only their owner can have put there, `any` all.',
    }),
    offline: choice(['hold', 'count'], {
      default: 'hold',
      description: 'Whether tries that were made count while an endpoint cannot be reached.',
    }),
    retryFirst: duration({
      default: '30s',
      min: '100ms',
      max: '1d',
      description: 'The wait before the first retry of a file; each further one is twice as long.',
    }),
    retryLongest: duration({
      default: '8h',
      min: '100ms',
      max: '7d',
      description: 'No wait between two tries is longer, save one that the server asks for.',
    }),
    retries: count({
      default: 10,
      min: 0,
      max: 1000,
      description: 'How many retries follow the first try before a file moves to `failed`.',
    }),
    probeInterval: duration({
      default: '60s',
      min: '1s',
      max: '1d',
      description:
        'How often a place that cannot be used (an endpoint, profile, bucket or disk) is asked whether it is right again, at the most; at first it is asked more often.',
    }),
    keepCompleted: choice(['always', 'never'], {
      default: 'always',
      description:
        'Whether delivered files stay in `completed`; `never` deletes them at once. With `always` they stay until the disk is full while readings are captured: then they give way before readings that nobody else has.',
    }),
    keepCompletedFor: optionalDuration({
      description: 'Deletes delivered files after this time.',
      min: '1s',
      example: '7d',
    }),
    keepCompletedUpTo: optionalSize({
      description: 'Deletes the files delivered longest ago when all together take more.',
      example: '50GiB',
    }),
    gate,
    hooks,
    folders: list(folder, {
      description: 'Folders that are delivered from where they lie.',
      example: [{ path: '/srv/exports', to: 's3://profile/bucket/exports' }],
    }),
    destinations: list(destination, {
      description: 'How objects are stored, by profile or bucket.',
      example: [{ for: 'profile/bucket', storageClass: 'STANDARD_IA' }],
    }),
  },
  [
    ({ retryFirst, retryLongest }, fault) => {
      if (retryFirst !== undefined && retryLongest !== undefined && retryLongest < retryFirst)
        fault('retryLongest', 'must not be shorter than retryFirst');
    },
    ({ keepCompleted, keepCompletedFor, keepCompletedUpTo }, fault) => {
      if (keepCompleted === 'never' && (keepCompletedFor ?? keepCompletedUpTo) !== undefined) {
        fault(
          'keepCompleted',
          'is "never", so that keepCompletedFor and keepCompletedUpTo mean nothing; take one out',
        );
      }
    },
  ],
);

export const sync = section('When files are delivered.', {
  interval: duration({
    default: '6s',
    min: '5ms',
    max: '1d',
    description: 'The pause between two sweeps of the folders, which find what no event told of.',
  }),
  automatic: flag({
    default: true,
    description: 'Whether files are delivered as they arrive; otherwise only by `sluice sync now`.',
  }),
});
