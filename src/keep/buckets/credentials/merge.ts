import { type IniSection, settingOf } from './ini.ts';

/**
 * The sections of both files as the AWS command line puts them together: what the credentials file says of a profile
 * counts over what the config says. Profiles stand in the order of the credentials file, then of the config. Pure.
 */
export function mergeSections(
  credentials: readonly IniSection[],
  config: readonly IniSection[],
): IniSection[] {
  const further = new Map(config.map(section => [idOf(section), section]));
  const merged = credentials.map(section => {
    const other = further.get(idOf(section));
    further.delete(idOf(section));
    return other ? over(section, other) : section;
  });
  return [...merged, ...further.values()];
}

function over(section: IniSection, other: IniSection): IniSection {
  return {
    ...section,
    values: new Map([...other.values, ...section.values]),
    places: new Map([...(other.places ?? []), ...(section.places ?? [])]),
  };
}

function idOf({ kind = 'profile', name }: IniSection): string {
  return `${kind} ${name}`;
}

/** Whether a section is a profile of somebody. Pure. */
export function isProfile({ kind = 'profile' }: IniSection): boolean {
  return kind === 'profile';
}

/**
 * A section and all that it refers to: the profiles that its role is assumed from, their SSO sessions and services. In a
 * circle each stands once. Pure.
 */
export function relatedSections(section: IniSection, all: readonly IniSection[]): IniSection[] {
  const related: IniSection[] = [];
  const queue: (IniSection | undefined)[] = [section];
  for (let next = queue.shift(); next !== undefined || queue.length > 0; next = queue.shift()) {
    if (next === undefined || related.includes(next)) continue;
    related.push(next);
    queue.push(find(all, 'profile', settingOf(next, ['source_profile'])));
    queue.push(find(all, 'sso-session', settingOf(next, ['sso_session'])));
    queue.push(find(all, 'services', settingOf(next, ['services'])));
  }
  return related;
}

function find(
  all: readonly IniSection[],
  kind: IniSection['kind'],
  name: string | undefined,
): IniSection | undefined {
  return all.find(section => (section.kind ?? 'profile') === kind && section.name === name);
}
