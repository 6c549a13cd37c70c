import { createHash } from 'node:crypto';

const MAX_READABLE_CHARS = 100;

/**
 * Name of a clone's directory in the cache: readable and, through the hash of the whole URL, collision-free
 * (`github.com-git-git-3f1c22ab.git`). Pure; the same URL always has the same name.
 * @param url normalised, as in `RepositoryUrl.url`
 */
export function cloneDirectoryName(url: string): string {
  const readable = url
    .replace(/^[a-z]+:\/\/([^/@]*@)?/, '')
    .replace(/[^A-Za-z0-9._]+/g, '-')
    .replace(/^[-.]+/, '')
    .slice(0, MAX_READABLE_CHARS)
    .replace(/[-.]+$/, '');
  const hash = createHash('sha256').update(url).digest('hex').slice(0, 8);
  return `${readable || 'repository'}-${hash}.git`;
}
