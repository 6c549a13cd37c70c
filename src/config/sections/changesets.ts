import { z } from 'zod';
import { count, duration, line, list, mapping, optionalText, section } from '../fields.ts';

const URL_FORM = /^https?:\/\/[^/\s@]+\/[^\s]+$/;

function address(what: string) {
  return line(`must be the address of ${what}`, value =>
    URL_FORM.test(value) ? undefined : `is not the https:// address of ${what}`,
  );
}

const followed = mapping(
  {
    repository: address('a repository')
      .optional()
      .meta({ description: 'All open changesets of this repository.' }),
    owner: address('an owner').optional().meta({
      description: 'All open changesets in the repositories of this user, organization or group.',
    }),
    author: address('a user').optional().meta({ description: 'All open changesets that this user made.' }),
    query: optionalText({
      description: "All open changesets that a search of `host` finds, in the host's own language.",
      example: 'label:security',
    }),
    host: optionalText({ description: 'Where `query` is asked.', example: 'github.com' }),
  },
  [
    ({ repository, owner, author, query, host }, fault) => {
      const given = [repository, owner, author, query].filter(value => value !== undefined);
      if (given.length !== 1)
        fault('repository', 'or owner, author or query must be given, just one of them');
      if ((query === undefined) !== (host === undefined))
        fault('host', 'belongs to query and to nothing else');
    },
  ],
);

export const changesets = section('Pull and merge requests that are followed.', {
  follow: list(z.union([address('a pull or merge request').transform(url => ({ url })), followed]), {
    description:
      'What is followed: addresses of changesets, or mappings with `repository`, `owner`, `author` or `query`.',
    example: [{ repository: 'https://github.com/owner/name' }],
  }),
  forgetClosedAfter: duration({
    default: '14d',
    min: '0',
    max: '3650d',
    description: 'How long closed, merged and deleted ones are followed, at the slowest rhythm.',
  }),
  discoverEvery: duration({
    default: '10m',
    min: '30s',
    max: '30d',
    description: 'How often newly opened ones are looked for.',
  }),
  concurrency: count({ default: 4, min: 1, max: 64, description: 'How many API calls run at once.' }),
  perHost: count({ default: 2, min: 1, max: 64, description: 'How many of them to one host.' }),
  timeout: duration({
    default: '30s',
    min: '1s',
    max: '10m',
    description: 'How long a call may take.',
  }),
});
