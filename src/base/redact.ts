/**
 * Replaces user name and password in every URL of a text: nothing that is logged, stored or shown may hold
 * them. A password may itself hold an `@`, so all up to the last one before the path goes.
 */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/?#\s]+@/gi, '$1***@');
}
