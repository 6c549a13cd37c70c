import type { z } from 'zod';
import { isCharset } from '../../base/text.ts';
import * as fields from '../fields.ts';
import {
  choice,
  commandOrUrl,
  count,
  duration,
  flag,
  line,
  list,
  mapping,
  optionalDuration,
  optionalPath,
  optionalText,
  secret,
  section,
  share,
  size,
} from '../fields.ts';
import type { ReadingSourceSetting } from '../kinds.ts';
import { place } from './deliver.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const EXTENSION = /^[A-Za-z0-9]{1,16}$/;

/** Where MQTT brokers listen. */
export const DEFAULT_BROKER = 'mqtt://127.0.0.1:1883';

/** What counts where a setting is 0 or not given. */
export const CAPTURE_DEFAULTS = {
  maxFileSizeBytes: 256 * 1024,
  diskUsageThreshold: 0.9,
  captureShareThreshold: 0.5,
  deleteEveryNth: 5,
} as const;

/** The settings under their keys. The type leaves them out: what they hold is read by `namedSources`. */
function settingsOf(sources: readonly ReadingSourceSetting[]): Record<never, z.ZodType> {
  return Object.fromEntries(
    sources.flatMap(({ kind, setting, companions }) => [
      [kind, setting(fields)],
      ...Object.entries(companions?.(fields) ?? {}),
    ]),
  );
}

/** What a collector names to read, and what it says of it; just one in a configuration that is in force. */
export function namedSources<S extends ReadingSourceSetting>(
  collector: object,
  sources: readonly S[],
): {
  readonly source: S;
  readonly value: unknown;
  /** What its companion keys say, those that are given. */
  readonly companions: Readonly<Record<string, unknown>>;
}[] {
  const values = new Map<string, unknown>(Object.entries(collector));
  return sources
    .map(source => ({
      source,
      value: values.get(source.kind),
      companions: Object.fromEntries(companionKeys(source).map(key => [key, values.get(key)])),
    }))
    .filter(({ value }) => value !== undefined);
}

function companionKeys({ companions }: ReadingSourceSetting): readonly string[] {
  return Object.keys(companions?.(fields) ?? {});
}

function collector(sources: readonly ReadingSourceSetting[]) {
  return mapping(
    {
      name: line('must be a name', value =>
        NAME.test(value) ? undefined : 'must be letters, digits, ".", "_" and "-" only, 100 at most',
      ).meta({ description: 'Its name: a folder of the objects and a column of every reading.' }),
      every: optionalDuration({
        min: '1ms',
        max: '1d',
        description: 'The interval: the n-th reading is taken n intervals after the start.',
        example: '500ms',
      }),
      ...settingsOf(sources),
      format: choice(['auto', 'json', 'text', 'binary'], {
        default: 'auto',
        description: 'What a reading is; `auto` tells JSON, text and binary apart.',
      }),
      charset: optionalText(
        {
          description:
            'The encoding of text that says none, as the web names it (`windows-1252`, `shift_jis`); UTF-8 where not given.',
          example: 'windows-1252',
        },
        value => (isCharset(value) ? undefined : 'is no encoding that is known'),
      ),
      extension: line('must be a file extension', value =>
        EXTENSION.test(value) ? undefined : 'must be letters and digits, 16 at most',
      )
        .optional()
        .meta({ description: 'File extension of binary readings; from their source where not given.' }),
      to: place().meta({ description: 'Where its files go.' }),
      tags: list(line(), { description: 'Words that each reading carries.', example: ['lab'] }),
      timeout: duration({
        default: '10s',
        min: '10ms',
        max: '1h',
        description: 'How long a reading may take; a program is killed with all that it started.',
      }),
      disabled: flag({ default: false, description: 'Whether this collector rests.' }),
    },
    [
      (values, fault) => {
        const named = namedSources(values, sources).map(({ source }) => source);
        if (named.length !== 1)
          fault('name', `needs exactly one of ${sources.map(({ kind }) => kind).join(', ')}`);
        const given = new Set(
          Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [key])),
        );
        for (const source of sources) {
          const [stray] = companionKeys(source).filter(key => given.has(key));
          if (stray !== undefined && !given.has(source.kind))
            fault('name', `has ${stray}, which belongs to ${source.kind}`);
        }
        if (values.every === undefined && !named.some(({ pushes }) => pushes)) fault('every', 'is missing');
      },
    ],
  );
}

const control = mapping(
  {
    command: optionalText({
      description: 'A shell command that prints the answer.',
      example: '/usr/local/bin/capture-control',
    }),
    url: optionalText({ description: 'An address that gives it.', example: 'http://127.0.0.1:9000/control' }),
    every: duration({ default: '10s', min: '100ms', max: '1d', description: 'How often it is asked.' }),
    timeout: duration({
      default: '10s',
      min: '100ms',
      max: '10m',
      description: 'How long the answer may take.',
    }),
  },
  [commandOrUrl],
)
  .optional()
  .meta({ description: 'Asked while running for collectors to switch and intervals to change.' });

const mqtt = mapping(
  {
    url: line('must be an address', value =>
      /^(mqtts?|wss?|tcp|ssl):\/\//.test(value) ? undefined : 'must begin with mqtt:// or mqtts://',
    )
      .prefault(DEFAULT_BROKER)
      .meta({ description: 'The broker.' }),
    username: optionalText({ description: 'The user name for it.', example: 'station' }),
    ...secret('password', { description: 'The password for it.', example: '${MQTT_PASSWORD}' }),
    clientId: optionalText({
      description:
        'What the broker knows this station by; one of its own, made of its name and place, where not given.',
      example: 'robot-7',
    }),
    caFile: optionalPath({
      description:
        'A PEM file of who signed the certificate of the broker, where the system does not know them.',
      example: '/etc/sluice/ca.pem',
    }),
    certificateFile: optionalPath({
      description: "A PEM file with this client's certificate, for brokers that ask for one.",
      example: '/etc/sluice/client.pem',
    }),
    keyFile: optionalPath({
      description: 'A PEM file with the key of that certificate.',
      example: '/etc/sluice/client.key',
    }),
  },
  [
    ({ certificateFile, keyFile }, fault) => {
      if ((certificateFile === undefined) !== (keyFile === undefined))
        fault(
          certificateFile === undefined ? 'certificateFile' : 'keyFile',
          'is missing; the two go together',
        );
    },
  ],
)
  .optional()
  .meta({ description: 'The MQTT broker of collectors with `mqtt`; one on this machine where not given.' });

/** @param sources kinds of what collectors read */
export const capture = (sources: readonly ReadingSourceSetting[]) =>
  section(
    'Readings that are taken and delivered.',
    {
      disabled: flag({ default: false, description: 'Whether all collectors rest.' }),
      directory: optionalPath({
        description:
          "Where readings lie until they are handed over; `capture` in delivery's folder where not given, and on its file system.",
        example: '/var/lib/sluice/capture',
      }),
      station: optionalText({
        description: 'The name of this station in each reading; the host name where not given.',
        example: 'robot-7',
      }),
      tags: list(line(), { description: 'Words that every reading carries.', example: ['lab'] }),
      maxFileSize: size({
        default: '256KiB',
        max: '1GiB',
        description: 'A file of this size is complete; 0 means the default.',
      }),
      maxAge: duration({
        default: '5m',
        min: '1s',
        max: '1d',
        description:
          'A file is complete so long after its first reading: 288 objects a day of each collector at five minutes.',
      }),
      completeBeforeSync: flag({
        default: false,
        description:
          'Whether each scheduled sync completes files in progress, however young: up to 14,400 objects a day of each collector at six seconds. A manual sync always does.',
      }),
      fsyncInterval: duration({
        default: '1s',
        min: '1s',
        max: '10m',
        description:
          'How often readings are forced onto the disk (fdatasync), against a power cut. They are written every second in any case, against a crash.',
      }),
      diskUsageThreshold: share({
        default: CAPTURE_DEFAULTS.diskUsageThreshold,
        description: 'From this share in use on, the disk counts as full; 0 means the default.',
      }),
      captureShareThreshold: share({
        default: CAPTURE_DEFAULTS.captureShareThreshold,
        description:
          'Capture files are deleted unsent only where they take at least this share of the disk; 0 means the default.',
      }),
      deleteEveryNth: count({
        default: CAPTURE_DEFAULTS.deleteEveryNth,
        min: 0,
        max: 1_000_000,
        description: 'Which unsent capture files are deleted then: every n-th; 0 means the default.',
      }),
      mqtt,
      control,
      collectors: list(collector(sources), {
        description: 'What yields a reading every so often.',
        example: [
          {
            name: 'temperature',
            every: '1s',
            file: '/sys/class/thermal/thermal_zone0/temp',
            to: 's3://local/outbox/readings',
          },
        ],
      }),
    },
    [
      ({ collectors }, fault) => {
        const names = (collectors ?? []).map(({ name }) => name.toLowerCase());
        const twice = names.find((name, index) => names.indexOf(name) !== index);
        if (twice !== undefined) fault('collectors', `has two collectors named "${twice}"; rename one`);
      },
    ],
  );
