import { z } from 'zod';
import { withoutCredentials } from '../../base/redact.ts';
import { line, list, mapping, optionalFlag } from '../fields.ts';

/** A user name is part of an ssh address; a password never is part of any. */
function hasCredentials(url: string): boolean {
  if (/^(ssh|git\+ssh|ssh\+git):/i.test(url)) return /^[^/]*\/\/[^/?#\s]*:[^/?#\s]*@/.test(url);
  return withoutCredentials(url) !== url;
}

/**
 * An address of a repository as far as its form can be told here; which schemes and hosts are allowed is
 * decided where it is used (repos.md, P3 and S3).
 */
export function repositoryUrl() {
  return line('must be the URL of a repository', url => {
    if (url.startsWith('-')) return 'is not the URL of a repository: it begins with "-"';
    return hasCredentials(url) ? 'carries credentials; take them out and put them under hosts' : undefined;
  });
}

export const repos = list(
  z.union([
    repositoryUrl().transform((url): { url: string; churn?: boolean | undefined } => ({ url })),
    mapping({
      url: repositoryUrl().meta({ description: 'The address of the repository.' }),
      churn: optionalFlag({
        description: 'Whether its churn is read; as `insights.churn` says where not given.',
        example: true,
      }),
    }),
  ]),
  {
    description: 'Repositories to keep fresh: a URL each, or a mapping with `url` and more.',
    example: ['https://github.com/owner/name'],
  },
);
