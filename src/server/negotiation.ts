import { hash } from 'node:crypto';

/** Codings of content that answers can have, the best first where a client has no preference. */
export type ContentCoding = 'br' | 'gzip' | 'identity';

/**
 * The coding to answer with (RFC 9110, 12.5.3): of those that there are the one that the client likes best, by the
 * order given where it likes several the same. A client that says nothing gets `identity`; so does one that accepts
 * nothing of what there is, for an answer that it can read nevertheless is worth more than a 406. Pure.
 * @param header of Accept-Encoding; undefined: none was sent
 */
export function chooseCoding(
  header: string | undefined,
  available: readonly Exclude<ContentCoding, 'identity'>[],
): ContentCoding {
  if (header === undefined) return 'identity';
  const weights = new Map<string, number>();
  for (const item of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map(part => part.trim());
    if (name !== '') weights.set(name === 'x-gzip' ? 'gzip' : name, weightOf(parameters));
  }
  const others = weights.get('*');
  let chosen: ContentCoding = 'identity';
  // What nobody spoke of is acceptable as it is, but any coding that was asked for comes before.
  let best = weights.get('identity') ?? (others === 0 ? 0 : Number.MIN_VALUE);
  for (const coding of available.toReversed()) {
    const weight = weights.get(coding) ?? others ?? 0;
    if (weight === 0 || weight < best) continue;
    chosen = coding;
    best = weight;
  }
  return chosen;
}

/** A weight that cannot be read counts as a refusal, for what is sent as it is can always be read. */
function weightOf(parameters: readonly string[]): number {
  const given = parameters.find(parameter => parameter.startsWith('q='));
  if (given === undefined) return 1;
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(given) ? Number(given.slice(2)) : 0;
}

/** An entity tag of some content, the same for all of its codings and weak therefore (RFC 9110, 8.8.1). Pure. */
export function entityTag(content: Uint8Array): string {
  return `W/"${hash('sha256', content, 'base64url').slice(0, 22)}"`;
}

const ENTITY_TAGS = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Whether the client has what it asks for (RFC 9110, 13.1.2: weak comparison; a list, or `*`). Pure.
 * @param header of If-None-Match; undefined: none was sent
 */
export function hasContent(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  const opaque = tag.replace(/^W\//, '');
  return header.matchAll(ENTITY_TAGS).some(([, given]) => given === opaque);
}
