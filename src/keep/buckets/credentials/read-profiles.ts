import { SluiceError } from '../../../base/errors.ts';
import { nearest } from '../../../base/text.ts';
import { OBJECT_STORES } from '../definitions.ts';
import type { Profile } from '../object-store-definition.ts';
import { type IniSection, lineOf, readIni, settingOf } from './ini.ts';
import { isProfile, relatedSections } from './merge.ts';
import { profileNameFault } from './values.ts';

const PROVIDERS = OBJECT_STORES.flatMap(({ providers }) => providers);

/** Whether a section says which provider it is for: what marks a profile as meant for sluice. */
export function hasProvider(section: IniSection): boolean {
  return isProfile(section) && settingOf(section, ['provider']) !== undefined;
}

/**
 * Every profile of a credentials file, in its order.
 * @param subject the file's path, for messages
 * @throws SluiceError credentials_invalid naming all faults of all profiles at once: no profile at all, no
 *   provider, missing keys, values that cannot be right
 */
export function parseProfiles(text: string, subject: string): Profile[] {
  const { sections, faults } = readIni(text, subject);
  return profilesOf(sections, subject, [], faults);
}

/**
 * As `parseProfiles`, for a file already read into sections; those of other kinds than profiles are looked at only where
 * a profile names them.
 * @param others sections of other files that a profile may name
 * @param faultyLines what is wrong with the file already, to be told together with the rest
 */
export function profilesOf(
  sections: readonly IniSection[],
  subject: string,
  others: readonly IniSection[] = [],
  faultyLines: readonly string[] = [],
): Profile[] {
  const faults = [...faultyLines];
  const named = sections.filter(isProfile);
  if (named.length === 0) faults.push('there is no profile in it');
  const profiles: Profile[] = [];
  const alike = new Map<string, string>();
  for (const section of named) {
    const twin = alike.get(section.name.normalize());
    alike.set(section.name.normalize(), section.name);
    const profile =
      twin === undefined
        ? profileOf(section, [...sections, ...others])
        : ['another profile has a name that looks the same'];
    if (Array.isArray(profile)) faults.push(`profile "${shortened(section.name)}": ${profile.join(', ')}`);
    else profiles.push(profile);
  }
  if (faults.length > 0) {
    throw new SluiceError('credentials_invalid', `${subject}: ${faults.join('; ')}`, { subject });
  }
  return profiles;
}

/** The profile of a section, or what is wrong with it. */
function profileOf(section: IniSection, all: readonly IniSection[]): Profile | string[] {
  const nameFault = profileNameFault(section.name);
  const nameFaults = nameFault === undefined ? [] : [nameFault];
  const provider = settingOf(section, ['provider'])?.toLowerCase();
  if (provider === undefined) return [...nameFaults, `no provider (one of ${PROVIDERS.join(', ')})`];
  const definition = OBJECT_STORES.find(({ providers }) => providers.includes(provider));
  if (!definition) return [...nameFaults, unknownProvider(section, provider)];
  const profile = definition.readProfile(section, provider, relatedSections(section, all).slice(1));
  if (Array.isArray(profile)) return [...nameFaults, ...profile, ...slipsOf(section, profile)];
  return nameFaults.length > 0 ? nameFaults : profile;
}

/** Keys of a section that are most likely one that it is said to lack, written wrong. Pure. */
function slipsOf(section: IniSection, faults: readonly string[]): string[] {
  const lacks = faults.flatMap(fault => /^missing (.+)$/.exec(fault)?.[1]?.split(', ') ?? []);
  return [...section.values.keys()].flatMap(key => {
    const meant = nearest(key, lacks);
    // One that is there and empty is written right.
    if (meant === undefined || meant.toLowerCase() === key) return [];
    const line = lineOf(section, [key]);
    return [`${line === undefined ? '' : `${line}: `}did you mean ${meant} by ${key}?`];
  });
}

function shortened(name: string): string {
  return name.length <= 60 ? name : `${name.slice(0, 60)}…`;
}

function unknownProvider(section: IniSection, provider: string): string {
  const line = lineOf(section, ['provider']);
  const where = line === undefined ? '' : `${line}: `;
  const among = `one of ${PROVIDERS.join(', ')}`;
  if (/\s[#;]/.test(provider)) return `${where}provider must be ${among}, with no comment on its line`;
  const near = nearest(provider, PROVIDERS);
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  return `${where}unknown provider "${provider}" (${among}${meant})`;
}
