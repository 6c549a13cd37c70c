/**
 * What keeps values of a profile from being what they should be. They are answered in words that hold no value: it may
 * be a secret. What these rules refuse cannot stand in a request's header, or was surely not meant. Pure.
 */

const QUOTE = /^["'“”‘’«»]|["'“”‘’«»]$/u;
/** White space other than a blank, and characters that cannot be seen: they come along with a copied text. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

/** What is left in of an example: `<your-key>`, `…`, `${KEY}`. */
const PLACEHOLDER = /^(<.*>|\.{3}|…|\$\{?\w+\}?|\{\{.*\}\}|x{4,}|\*{3,})$/i;

/** What is wrong with any value at all. */
function generalFault(value: string): string | undefined {
  if (value.includes('\uFFFD')) return 'is not UTF-8';
  if (UNSEEN.test(value)) return 'holds a character that cannot be seen; type it anew';
  return undefined;
}

/** What is wrong with a key's name or a token, which are sent in headers as they are. */
export function headerValueFault(value: string): string | undefined {
  return (
    generalFault(value) ??
    (/\s/.test(value) ? 'holds a blank' : undefined) ??
    (QUOTE.test(value) ? 'begins or ends with a quote that has no other' : undefined) ??
    (/[^\x21-\x7e]/.test(value) ? 'holds a letter that is not ASCII, or only looks like it' : undefined) ??
    (PLACEHOLDER.test(value) ? 'is still the placeholder of an example' : undefined)
  );
}

/** As `headerValueFault`, of what the signature's scope is made of: a key's name or a region. */
export function scopeValueFault(value: string): string | undefined {
  return headerValueFault(value) ?? (value.includes(',') ? 'holds a comma' : undefined);
}

/** What is wrong with a secret, which is only computed with: any text will do, if a person can have meant it. */
export function secretFault(value: string): string | undefined {
  return (
    generalFault(value) ??
    (QUOTE.test(value) ? 'begins or ends with a quote that has no other' : undefined) ??
    (PLACEHOLDER.test(value) ? 'is still the placeholder of an example' : undefined)
  );
}

/** What keeps an absolute path from being one that was meant. */
export function pathFault(value: string): string | undefined {
  if (value.includes('\uFFFD')) return 'is not UTF-8';
  if (/\p{Cc}/u.test(value)) return 'holds a control character';
  if (/^~/.test(value)) return 'must be absolute; ~ is not resolved here';
  if (/^\$/.test(value)) return 'must be absolute; variables are not resolved here';
  if (QUOTE.test(value)) return 'begins or ends with a quote that has no other';
  return value.startsWith('/') ? undefined : 'must be absolute';
}

const MAX_NAME_BYTES = 255;

/** What keeps a profile's name from being a folder of the spool. */
export function profileNameFault(name: string): string | undefined {
  if (/[/\\\p{Cc}]/u.test(name) || /^\.\.?$/.test(name)) return 'its name cannot be a folder';
  if (name.includes('\uFFFD')) return 'its name is not UTF-8';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return 'its name is too long for a folder';
  return undefined;
}
