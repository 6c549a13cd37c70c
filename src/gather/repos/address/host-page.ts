import { FORGES } from '../../forges/definitions.ts';

/**
 * What an address is where a code host that everybody knows has pages and no repository: those have two parts in their
 * path (`owner/name`), or, where owners are nested, none that is `-`. Undefined for what may be a repository. Pure.
 * @param host without `www.`
 * @param path without what may differ at its end, beginning with a slash
 */
export function hostPage(
  host: string,
  path: string,
): { readonly isPageOf: string } | { readonly isOwner: string } | undefined {
  const forge = FORGES.find(({ knownHosts }) => knownHosts.some(known => known === host));
  if (forge === undefined) return undefined;
  const parts = path.split('/').slice(1);
  if (parts.length === 1) return { isOwner: parts[0] ?? '' };
  const nested = parts.indexOf('-');
  const length = forge.hasNestedOwners ? (nested < 0 ? parts.length : nested) : 2;
  return parts.length > length && length >= 2 ? { isPageOf: parts.slice(0, length).join('/') } : undefined;
}
