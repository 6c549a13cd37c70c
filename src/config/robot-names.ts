import { writeBytes, writeDuration } from '../base/units.ts';
import { isMapping, type SettingPath } from './paths.ts';

/**
 * Names and units that a robot's data manager has for the same settings. They may stand at the top of the
 * file or below `capture`. These tables are the mapping, for the file and for docs/reference/config.md alike.
 */
export interface RobotName {
  readonly name: string;
  /** Where the setting is in the house style. */
  readonly path: SectionKey;
  readonly unit: string;
  /** More than this, in its own unit, counts as this, and that is noticed. */
  readonly most?: number;
  /**
   * Its value in the house style; undefined where it counts as not given. As it stands where there is no such function.
   */
  readonly convert?: (value: number) => unknown;
}

type SectionKey = readonly [section: string, key: string];

/** Less than this many minutes is a slip, not an interval: it counts as not given. */
const LEAST_MINUTES = 0.0001;
const MS_PER_MINUTE = 60_000;
const MS_PER_DAY = 86_400_000;

export const ROBOT_NAMES: readonly RobotName[] = [
  {
    name: 'sync_interval_mins',
    path: ['sync', 'interval'],
    unit: `minutes; less than ${LEAST_MINUTES} counts as not given`,
    most: MS_PER_DAY / MS_PER_MINUTE,
    convert: value =>
      value < LEAST_MINUTES ? undefined : writeDuration(Math.max(1, Math.round(value * MS_PER_MINUTE))),
  },
  {
    name: 'maximum_num_sync_threads',
    path: ['deliver', 'workers'],
    unit: 'large files at once',
    most: 256,
  },
  {
    name: 'file_last_modified_millis',
    path: ['deliver', 'settle'],
    unit: 'milliseconds',
    most: MS_PER_DAY,
    convert: value => writeDuration(Math.round(value)),
  },
  {
    name: 'maximum_capture_file_size_bytes',
    path: ['capture', 'maxFileSize'],
    unit: 'bytes',
    most: 2 ** 30,
    convert: value => writeBytes(Math.round(value)),
  },
  {
    name: 'delete_every_nth_when_disk_full',
    path: ['capture', 'deleteEveryNth'],
    unit: 'number',
    most: 1_000_000,
  },
  { name: 'disk_usage_deletion_threshold', path: ['capture', 'diskUsageThreshold'], unit: 'share, 0 to 1' },
  {
    name: 'capture_dir_deletion_threshold',
    path: ['capture', 'captureShareThreshold'],
    unit: 'share, 0 to 1',
  },
];

/** Another name of the same origin, whose value is no number. */
export interface RobotAlias {
  readonly name: string;
  readonly path: SectionKey;
  /** How it is taken, in words. */
  readonly taken: string;
  /** Its value in the house style; undefined where it counts as not given. */
  readonly convert: (value: unknown) => unknown;
}

/** Nothing was written there: an empty text is the other's way of leaving something out. */
const isNothing = (value: unknown): boolean =>
  value === null || value === '' || value === false || (Array.isArray(value) && value.length === 0);

export const ROBOT_ALIASES: readonly RobotAlias[] = [
  {
    name: 'capture_dir',
    path: ['capture', 'directory'],
    taken: 'the same; an empty one counts as not given',
    convert: value => (value === '' ? undefined : value),
  },
  {
    name: 'capture_disabled',
    path: ['capture', 'disabled'],
    taken: 'the same',
    convert: value => value,
  },
  {
    name: 'sync_disabled',
    path: ['sync', 'automatic'],
    taken: 'the opposite',
    convert: value => (typeof value === 'boolean' ? !value : value),
  },
  { name: 'tags', path: ['capture', 'tags'], taken: 'the same', convert: value => value },
];

/** Names of the same origin without a counterpart of the same meaning, and what to write instead. */
export const ROBOT_REFUSALS: readonly { readonly name: string; readonly instead: string }[] = [
  {
    name: 'additional_sync_paths',
    instead:
      'says no bucket; write each path below deliver.folders, like {path: /data/pictures, to: s3://PROFILE/BUCKET/pictures, after: delete}',
  },
  {
    name: 'selective_syncer_name',
    instead:
      'names a part of the robot; write deliver.gate instead, with a command or url that answers whether to sync',
  },
  {
    name: 'mongo_capture_config',
    instead:
      'has no counterpart: readings go into files, and their counts into sluice.db; load the objects into a database from their bucket',
  },
  {
    name: 'delete_data_on_part_deletion',
    instead: "is about what the vendor's cloud keeps; set an expiry on the bucket instead",
  },
];

export interface Renamed {
  readonly tree: unknown;
  /** Where a setting of the answer stands in the file. */
  readonly original: (path: SettingPath) => SettingPath;
}

interface Entry {
  /** Null: there is nothing to be set. */
  readonly path: SectionKey | null;
  /** Undefined where nothing is to be set, a fault having been reported where there is one. */
  readonly convert: (value: unknown, where: SettingPath) => unknown;
}

type Tell = (path: SettingPath, message: string) => void;

/**
 * Brings those names into the house style. Zero counts as not given; what is negative, no number, or without a
 * counterpart is a fault, and says what to write instead. Pure.
 * @param notice is told of what counts otherwise than it was written
 */
export function houseStyle(tree: unknown, report: Tell, notice: Tell = () => undefined): Renamed {
  if (!isMapping(tree)) return { tree, original: path => path };
  const copy: Record<string, unknown> = { ...tree };
  const moved = new Map<string, SettingPath>();
  const entries = knownNames(report, notice);
  const take = (from: Record<string, unknown>, below: SettingPath): void => {
    for (const [name, { path, convert }] of entries) {
      if (!Object.hasOwn(from, name)) continue;
      const where = [...below, name];
      const value = convert(from[name], where);
      delete from[name];
      if (value === undefined || path === null) continue;
      const [section, key] = path;
      const inner = copy[section] ?? {};
      if (!isMapping(inner)) continue;
      if (Object.hasOwn(inner, key)) report(where, `is given as ${section}.${key}, too; keep one of the two`);
      else {
        copy[section] = { ...inner, [key]: value };
        moved.set(path.join('.'), where);
      }
    }
  };
  if (isMapping(copy.capture)) {
    const capture = { ...copy.capture };
    copy.capture = capture;
    const names = [...entries.keys()].filter(name => Object.hasOwn(capture, name));
    // What is taken out of it must not be lost when something else is put in.
    const taken = Object.fromEntries(names.map(name => [name, capture[name]]));
    for (const name of names) delete capture[name];
    take(taken, ['capture']);
  }
  take(copy, []);
  const original = (path: SettingPath): SettingPath => {
    const from = moved.get(path.slice(0, 2).join('.'));
    return from ? [...from, ...path.slice(2)] : path;
  };
  return { tree: copy, original };
}

function knownNames(report: Tell, notice: Tell): Map<string, Entry> {
  const number = ({ name, path, most, convert = value => value }: RobotName): [string, Entry] => [
    name,
    {
      path,
      convert: (value, where) => {
        if (typeof value !== 'number' || !Number.isFinite(value)) report(where, 'must be a number');
        else if (value < 0) report(where, `${name} can't be negative`);
        else if (most !== undefined && value > most) {
          notice(where, `${value} is more than sluice takes; ${most} counts`);
          return convert(most);
        } else if (value > 0) return convert(value);
        return undefined;
      },
    },
  ];
  const alias = ({ name, path, convert }: RobotAlias): [string, Entry] => [name, { path, convert }];
  const refusal = ({ name, instead }: (typeof ROBOT_REFUSALS)[number]): [string, Entry] => [
    name,
    {
      path: null,
      convert: (value, where) => {
        if (!isNothing(value)) report(where, instead);
      },
    },
  ];
  return new Map([...ROBOT_NAMES.map(number), ...ROBOT_ALIASES.map(alias), ...ROBOT_REFUSALS.map(refusal)]);
}
