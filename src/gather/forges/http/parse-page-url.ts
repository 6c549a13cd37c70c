import type { ChangesetRef } from '../changeset.ts';

/**
 * Reads the address of a changeset's page on one host. Scheme and default port do not matter, what follows the
 * number (`/files`, `#note_1`) neither.
 * @param baseUrl of the host's pages, perhaps with a path of its own
 * @param form finds the repository's path (group `repository`) and the number (group `number`) below it
 */
export function parsePageUrl(
  url: string,
  { host, baseUrl, form }: { readonly host: string; readonly baseUrl: string; readonly form: RegExp },
): ChangesetRef | undefined {
  if (!URL.canParse(url) || !URL.canParse(baseUrl)) return undefined;
  const given = new URL(url);
  const base = new URL(baseUrl);
  const isWeb = given.protocol === 'https:' || given.protocol === 'http:';
  if (!isWeb || given.username !== '' || plainHost(given) !== plainHost(base)) return undefined;
  const folder = base.pathname.replace(/\/$/, '');
  if (!given.pathname.startsWith(`${folder}/`)) return undefined;
  const match = form.exec(safelyDecoded(given.pathname.slice(folder.length + 1)));
  const number = Number(match?.groups?.number);
  const repository = match?.groups?.repository;
  if (repository === undefined || !Number.isSafeInteger(number) || number < 1) return undefined;
  return { host, repository, number };
}

function plainHost(url: URL): string {
  return url.host.replace(/^www\./, '');
}

function safelyDecoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // A broken escape is part of no repository's name.
    return '';
  }
}
