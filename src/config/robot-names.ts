import { writeBytes, writeDuration } from '../base/units.ts';
import { isMapping, type SettingPath } from './paths.ts';

/**
 * Names and units that a robot's data manager has for the same settings. They may stand at the top of the
 * file or below `capture`. This table is the mapping, for the file and for docs/reference/config.md alike.
 */
export interface RobotName {
  readonly name: string;
  /** Where the setting is in the house style. */
  readonly path: readonly [section: string, key: string];
  readonly unit: string;
  /**
   * Its value in the house style; undefined where it counts as not given. As it stands where there is no such function.
   */
  readonly convert?: (value: number) => unknown;
}

/** Less than this many minutes is a slip, not an interval: it counts as not given. */
const LEAST_MINUTES = 0.0001;
const MS_PER_MINUTE = 60_000;

export const ROBOT_NAMES: readonly RobotName[] = [
  {
    name: 'sync_interval_mins',
    path: ['sync', 'interval'],
    unit: `minutes; less than ${LEAST_MINUTES} counts as not given`,
    convert: value =>
      value < LEAST_MINUTES ? undefined : writeDuration(Math.max(1, Math.round(value * MS_PER_MINUTE))),
  },
  { name: 'maximum_num_sync_threads', path: ['deliver', 'workers'], unit: 'large files at once' },
  {
    name: 'file_last_modified_millis',
    path: ['deliver', 'settle'],
    unit: 'milliseconds',
    convert: value => writeDuration(Math.round(value)),
  },
  {
    name: 'maximum_capture_file_size_bytes',
    path: ['capture', 'maxFileSize'],
    unit: 'bytes',
    convert: value => writeBytes(Math.round(value)),
  },
  { name: 'delete_every_nth_when_disk_full', path: ['capture', 'deleteEveryNth'], unit: 'number' },
  { name: 'disk_usage_deletion_threshold', path: ['capture', 'diskUsageThreshold'], unit: 'share, 0 to 1' },
  {
    name: 'capture_dir_deletion_threshold',
    path: ['capture', 'captureShareThreshold'],
    unit: 'share, 0 to 1',
  },
];

/** Other names of the same origin that need no conversion. */
export const ROBOT_ALIASES: readonly Pick<RobotName, 'name' | 'path'>[] = [
  { name: 'capture_dir', path: ['capture', 'directory'] },
  { name: 'capture_disabled', path: ['capture', 'disabled'] },
];

export interface Renamed {
  readonly tree: unknown;
  /** Where a setting of the answer stands in the file. */
  readonly original: (path: SettingPath) => SettingPath;
}

interface Entry {
  readonly path: readonly [string, string];
  /** Undefined where nothing is to be set, a fault having been reported where there is one. */
  readonly convert: (value: unknown, where: SettingPath) => unknown;
}

/**
 * Brings those names into the house style. Zero counts as not given; what is negative or no number is a fault. Pure.
 */
export function houseStyle(tree: unknown, report: (path: SettingPath, message: string) => void): Renamed {
  if (!isMapping(tree)) return { tree, original: path => path };
  const copy: Record<string, unknown> = { ...tree };
  const moved = new Map<string, SettingPath>();
  const entries = knownNames(report);
  const take = (from: Record<string, unknown>, below: SettingPath): void => {
    for (const [name, { path, convert }] of entries) {
      if (!Object.hasOwn(from, name)) continue;
      const where = [...below, name];
      const value = convert(from[name], where);
      delete from[name];
      if (value === undefined) continue;
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

function knownNames(report: (path: SettingPath, message: string) => void): Map<string, Entry> {
  const number = ({ name, path, convert = value => value }: RobotName): [string, Entry] => [
    name,
    {
      path,
      convert: (value, where) => {
        if (typeof value !== 'number' || !Number.isFinite(value)) report(where, 'must be a number');
        else if (value < 0) report(where, `${name} can't be negative`);
        else if (value > 0) return convert(value);
        return undefined;
      },
    },
  ];
  const alias = ({ name, path }: (typeof ROBOT_ALIASES)[number]): [string, Entry] => [
    name,
    { path, convert: value => value },
  ];
  return new Map([...ROBOT_NAMES.map(number), ...ROBOT_ALIASES.map(alias)]);
}
