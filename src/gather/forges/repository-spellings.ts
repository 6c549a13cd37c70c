/**
 * The addresses that a repository may be tracked by, for a push that names some of them: those that the body names,
 * and the usual ones at the address that its host is configured with, which the host may not know of itself. Pure.
 * @param repository `owner/name`, and the addresses that the body names
 * @param baseUrl of the host's pages, without a slash at its end
 */
export function repositorySpellings(
  { repository, repositoryUrls }: { readonly repository: string; readonly repositoryUrls: readonly string[] },
  baseUrl: string,
): readonly string[] {
  const { hostname } = new URL(baseUrl);
  const path = `${repository}.git`;
  const usual = [
    `${baseUrl}/${repository}`,
    `https://${hostname}/${repository}`,
    `http://${hostname}/${repository}`,
    `https://www.${hostname}/${repository}`,
    `git://${hostname}/${repository}`,
    `git@${hostname}:${path}`,
    `ssh://git@${hostname}/${path}`,
  ];
  return [...new Set([...repositoryUrls, ...usual])];
}
