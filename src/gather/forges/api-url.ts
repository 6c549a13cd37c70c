import type { ForgeKind } from './forge.ts';

/**
 * Where a code host answers REST calls, without a slash at the end. GitHub's API is a host of its own on github.com and
 * *.ghe.com, and a folder on GitHub Enterprise Server.
 * @param baseUrl address of its pages, as in `ForgeSettings`
 */
export function apiUrlOf(kind: ForgeKind, baseUrl: string): string {
  if (kind === 'gitlab') return `${baseUrl}/api/v4`;
  if (kind === 'gitea') return `${baseUrl}/api/v1`;
  const { origin, hostname, protocol } = new URL(baseUrl);
  if (hostname === 'github.com') return 'https://api.github.com';
  return hostname.endsWith('.ghe.com') ? `${protocol}//api.${hostname}` : `${origin}/api/v3`;
}
