/** Links of the header `Link` (RFC 8288), and what a next page's address means for a host behind a proxy. */

interface Link {
  readonly target: string;
  /** By name in lower case; the first of each counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TARGET = /[\s,]*<([^<>]*)>/y;
/** `;name`, `;name=token` or `;name="text"`; within quotes a backslash takes the next character as it is. */
const PARAMETER = /\s*;\s*(?:([^\s=;,"<>]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"<>]*)))?)?/y;

/** The links of a header; what is none is passed over. Never throws. */
export function parseLinks(header: string): readonly Link[] {
  const links: Link[] = [];
  let at = 0;
  while (at < header.length) {
    TARGET.lastIndex = at;
    const target = TARGET.exec(header);
    if (target === null) {
      // What is no link ends with the next comma.
      const comma = header.indexOf(',', at);
      if (comma < 0) break;
      at = comma + 1;
      continue;
    }
    at = TARGET.lastIndex;
    const parameters = new Map<string, string>();
    for (;;) {
      PARAMETER.lastIndex = at;
      const found = PARAMETER.exec(header);
      if (found === null) break;
      at = PARAMETER.lastIndex;
      const [, name, quoted, plain] = found;
      const key = name?.toLowerCase();
      if (key === undefined || parameters.has(key)) continue;
      parameters.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
    }
    links.push({ target: target[1] ?? '', parameters });
  }
  return links;
}

/**
 * The address of the next page, as the host names it. Links of another context (`anchor`) are not this page's. Never
 * throws.
 */
export function nextLink(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'object' ? header.join(', ') : header;
  if (text === undefined) return undefined;
  return parseLinks(text).find(
    ({ target, parameters }) =>
      target.trim() !== '' &&
      !parameters.has('anchor') &&
      (parameters.get('rel') ?? '').toLowerCase().split(/\s+/).includes('next'),
  )?.target;
}

/**
 * Where the next page is asked for. A host behind a proxy may name itself by another scheme, name or port, or by
 * another folder: only what the listing's own address does not say is taken. Path and query are the link's where the
 * path lies below the API's, otherwise the query alone. Pure; undefined for what is no address.
 * @param link as the host names it, perhaps relative
 * @param page that carried it, as it was asked for
 * @param apiUrl without a slash at its end
 */
export function nextPageUrl(link: string, page: URL, apiUrl: string): URL | undefined {
  const named = URL.parse(link.trim(), page);
  if (named === null) return undefined;
  const api = new URL(apiUrl);
  const folder = api.pathname.replace(/\/$/, '');
  const next = new URL(api.origin);
  next.pathname = named.pathname.startsWith(`${folder}/`) ? named.pathname : page.pathname;
  next.search = named.search;
  return next;
}
