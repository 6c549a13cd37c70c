/** Longest text of an address that a message repeats. */
const MAX_SHOWN_CHARS = 200;

/** `harmlessUrl` in quotes, for the middle of a sentence. */
export function shownUrl(text: string): string {
  return `"${harmlessUrl(text)}"`;
}

/**
 * An address as it may stand in a message or log, however malformed it is: everything that could be a user
 * name or password (whatever stands before the last `@`), query and fragment are masked, control characters
 * replaced, and what is too long is cut.
 */
export function harmlessUrl(text: string): string {
  const masked = text
    .toWellFormed()
    .replace(/^([a-z][a-z0-9+.:-]*:\/\/)?.*@/is, (whole, scheme: string | undefined) =>
      // An ssh user without password ("git@") is no secret and says which repository is meant.
      /^(?:ssh:\/\/)?[a-z0-9_.-]+@$/i.test(whole) ? whole : `${scheme ?? ''}***@`,
    )
    .replace(/[?#].*$/s, '?***')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
  return masked.length > MAX_SHOWN_CHARS ? `${masked.slice(0, MAX_SHOWN_CHARS)}…` : masked;
}
