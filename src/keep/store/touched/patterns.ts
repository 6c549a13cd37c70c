/**
 * Patterns of SQL's LIKE for globs, without regard to the case of ASCII letters: a path that a glob means, or that lies in
 * a folder which it means, is like one of them, and so are some others, which `Globs` then leaves out. They spare having
 * every path handed over. Pure.
 */
export function likePatterns(globs: readonly string[]): string[] {
  return [...new Set(globs.map(glob => `${glob.includes('/') ? '' : '%'}${patternOf(glob)}%`))];
}

/**
 * What LIKE would read otherwise, and what Unicode folds and LIKE does not: `K` is the Kelvin sign's lower case, too, and
 * `s` the long s's. One character for a wildcard may be two for a database, so that `?` is left open.
 */
function patternOf(glob: string): string {
  return glob
    .replace(/^\/+/, '')
    .replace(/\/+$/, '')
    .replace(/\*\*\/?|[*?]|\P{ASCII}+|[%_\\ks]/giu, part => (/^[%_\\ks]$/i.test(part) ? '_' : '%'))
    .replace(/%{2,}/g, '%');
}
