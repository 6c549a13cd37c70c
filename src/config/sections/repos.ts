import { z } from 'zod';
import { inWords, withoutCredentials } from '../../base/text.ts';
import { duration, fieldKinds, flag, line, list, mapping, optionalFlag, optionalText } from '../fields.ts';
import { type ForgeWords, parseOwner } from '../kinds.ts';
import { isHostWithoutScheme } from '../paths.ts';

/** A user name is part of an ssh address; a password never is part of any. */
function hasCredentials(url: string): boolean {
  if (/^(ssh|git\+ssh|ssh\+git):/i.test(url)) return /^[^/]*\/\/[^/?#\s]*:[^/?#\s]*@/.test(url);
  return withoutCredentials(url) !== url;
}

/**
 * An address of a repository as far as its form can be judged here; which schemes and hosts are allowed is
 * decided where it is used. A path is relative to the file's folder, as every path is.
 */
export function repositoryUrl(check: (url: string) => string | undefined = () => undefined) {
  return line('must be the URL of a repository', url => {
    if (url.startsWith('-')) return 'is not the URL of a repository: it begins with "-"';
    if (isHostWithoutScheme(url)) return `has no scheme; write https://${url}, or ./${url} for a folder`;
    if (hasCredentials(url)) return 'carries credentials; take them out and put them under hosts';
    return check(url);
  }).register(fieldKinds, { kind: 'address' });
}

/** Patterns as shells have them, for names below an owner. */
function patterns(description: string, example: readonly string[]) {
  return list(line('must be a pattern of names'), { description, example });
}

/** One repository. */
export interface RepositoryEntry {
  readonly url: string;
  readonly owner?: undefined;
  readonly churn?: boolean | undefined;
}

/** An owner whose repositories are tracked. */
export interface OwnerEntry {
  readonly url?: undefined;
  readonly owner: string;
  readonly host?: string | undefined;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly archived: boolean;
  readonly forks: boolean;
  readonly everyMs: number;
}

function entry(forges: readonly ForgeWords[]) {
  const ownerOf = (text: string) => parseOwner(text, forges);
  const owners = forges.map(({ kind, ownerExample }) => `\`${kind}:${ownerExample}\``).join(', ');
  const defaultHosts = forges.flatMap(({ defaultHost }) => defaultHost ?? []);
  return mapping(
    {
      url: repositoryUrl().optional().meta({ description: 'The address of one repository.' }),
      owner: line('must name an owner', owner =>
        ownerOf(owner) ? undefined : 'is not an owner; write it like github:name or gitlab:group/subgroup',
      )
        .optional()
        .meta({
          description: `All repositories of an owner at a code host instead of one: ${owners}.`,
          examples: ['github:owner'],
        }),
      host: optionalText({
        description: `The owner's host where it is not ${inWords(defaultHosts, 'or')}, as named under \`hosts\`.`,
        example: 'git.example.com',
      }),
      include: patterns(
        "Of an owner's repositories only those whose names match one of these; all where empty.",
        ['lib-*'],
      ),
      exclude: patterns("Of an owner's repositories none whose name matches one of these.", ['*-archive']),
      archived: flag({
        default: false,
        description: "Whether an owner's archived repositories are tracked, too.",
      }),
      forks: flag({
        default: false,
        description: "Whether an owner's forks of others' repositories are tracked, too.",
      }),
      every: duration({
        default: '6h',
        min: '1m',
        max: '30d',
        description: 'How often an owner is asked for new repositories.',
      }),
      churn: optionalFlag({
        description: 'Whether its churn is read; as `insights.churn` says where not given.',
        example: true,
      }),
    },
    [
      ({ url, owner }, fault) => {
        if (url === undefined && owner === undefined) fault('url', 'is missing; give url or owner');
        if (url !== undefined && owner !== undefined)
          fault('owner', 'is given besides url; keep one of the two');
      },
      ({ owner, host }, fault) => {
        if (owner !== undefined && host === undefined && ownerOf(owner)?.forge.defaultHost === undefined)
          fault('host', `is missing; ${owner} says no host`);
        if (host !== undefined && owner === undefined)
          fault('host', 'belongs to an owner, and none is given');
      },
      ({ churn, owner }, fault) => {
        if (churn !== undefined && owner !== undefined)
          fault('churn', 'is for one repository; name it by url, or set insights.churn');
      },
    ],
  );
}

/** Repositories to keep fresh. @param forges kinds of hosts that owners may be at */
export function repos(forges: readonly ForgeWords[]) {
  const ownerOf = (text: string) => parseOwner(text, forges);
  /** One repository, or all of an owner's; what belongs to the other is left out. */
  const either = entry(forges).transform(({ url, owner, churn, ...rest }): RepositoryEntry | OwnerEntry =>
    url === undefined ? { owner: owner ?? '', ...rest } : { url, churn },
  );

  /** An entry that is a text alone. */
  const short = repositoryUrl(text => {
    const owner = ownerOf(text);
    return owner && owner.forge.defaultHost === undefined
      ? 'says no host; write it as a mapping of owner and host'
      : undefined;
  }).transform(text => either.parse(ownerOf(text) ? { owner: text } : { url: text }));

  return list(z.union([short, either]), {
    description:
      'Repositories to keep fresh: a URL, a path or an owner (`github:name`) each, or a mapping with `url` or `owner`.',
    example: ['https://github.com/owner/name', 'github:owner'],
  });
}
