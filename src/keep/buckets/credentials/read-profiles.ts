import { SluiceError } from '../../../base/errors.ts';
import { OBJECT_STORES } from '../definitions.ts';
import type { Profile } from '../object-store-definition.ts';
import { type IniSection, parseIni, settingOf } from './ini.ts';

const PROVIDERS = OBJECT_STORES.flatMap(({ providers }) => providers);

/** Whether a section says which provider it is for: what marks a profile as meant for sluice. */
export function hasProvider(section: IniSection): boolean {
  return settingOf(section, ['provider']) !== undefined;
}

/**
 * Every profile of a credentials file, in its order.
 * @param subject the file's path, for messages
 * @throws SluiceError credentials_invalid naming all faults of all profiles at once: no profile at all, no
 *   provider, missing keys, values that cannot be right
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
    const profile = profileOf(section);
    if (Array.isArray(profile)) faults.push(`profile "${section.name}": ${profile.join(', ')}`);
    else profiles.push(profile);
  }
  if (faults.length > 0) {
    throw new SluiceError('credentials_invalid', `${subject}: ${faults.join('; ')}`, { subject });
  }
  return profiles;
}

/** The profile of a section, or what is wrong with it. */
function profileOf(section: IniSection): Profile | string[] {
  // A profile's name becomes a folder of the spool.
  const nameFault =
    /^[^/\\\0]+$/.test(section.name) && !/^\.\.?$/.test(section.name) ? [] : ['its name cannot be a folder'];
  const provider = settingOf(section, ['provider'])?.toLowerCase();
  if (provider === undefined) return [...nameFault, `no provider (one of ${PROVIDERS.join(', ')})`];
  const definition = OBJECT_STORES.find(({ providers }) => providers.includes(provider));
  if (!definition) return [...nameFault, `unknown provider "${provider}" (one of ${PROVIDERS.join(', ')})`];
  const profile = definition.readProfile(section, provider);
  if (Array.isArray(profile)) return [...nameFault, ...profile];
  return nameFault.length > 0 ? nameFault : profile;
}
