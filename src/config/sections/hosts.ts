import { z } from 'zod';
import { inWords } from '../../base/text.ts';
import {
  fieldKinds,
  line,
  list,
  mapping,
  onlyForType,
  optionalChoice,
  optionalCount,
  optionalText,
  secret,
} from '../fields.ts';
import type { ForgeWords } from '../kinds.ts';

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)(:[0-9]{1,5})?$/;

const OWNER = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i;

/** A GitHub App, which has more calls an hour than a person's token and outlives who made it. */
const app = mapping(
  {
    id: optionalCount({ min: 1, max: Number.MAX_SAFE_INTEGER, description: 'The App ID, from its page.' }),
    installation: optionalCount({
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      description:
        'The number at the end of the address of its installation, where there is one for all owners.',
    }),
    installations: z
      .record(
        z.string().regex(OWNER, { error: 'is not the name of a user or organization' }),
        z.int({ error: 'must be a whole number' }).min(1, { error: 'must be 1 or more' }),
        { error: onlyForType('must be a mapping of owners') },
      )
      .prefault({})
      .meta({
        description:
          'Its installations by owner, where there are several: each sees the repositories of its own.',
        examples: [{ acme: 1234567, 'octo-org': 2345678 }],
      }),
    ...secret('privateKey', { ofLines: true, description: 'Its private key, in PEM.' }),
  },
  [
    (given, fault) => {
      for (const key of ['id', 'installation', 'privateKey'] as const) {
        if (given[key] !== undefined) continue;
        if (key === 'privateKey' && given.privateKeyFile !== undefined) continue;
        if (key === 'installation' && Object.keys(given.installations ?? {}).length > 0) continue;
        fault(key, key === 'privateKey' ? 'is missing; set it or privateKeyFile' : 'is missing');
      }
    },
  ],
)
  .optional()
  .meta({
    description: 'A GitHub App to call the API and to clone as, instead of tokens or besides them.',
  });

function alsoFor(forges: readonly ForgeWords[]): string {
  const words = forges
    .filter(each => each.alsoFor.length > 0)
    .map(each => `\`${each.kind}\` for ${inWords(each.alsoFor, 'and')}`);
  return words.length === 0 ? '' : `; ${inWords(words, 'and')}, too`;
}

/** Code hosts by name. @param forges kinds that a host may be of */
export const hosts = (forges: readonly ForgeWords[]) =>
  z
    .record(
      z.string().regex(HOST, { error: 'is not a host name; write it in lower case, without scheme or path' }),
      mapping(
        {
          ...secret('token', {
            description:
              'The token or password for the host: for its API, and for git where the host asks for one, over HTTPS at `baseUrl`.',
            example: '${GITHUB_TOKEN}',
          }),
          username: optionalText({
            description: 'The user name to send with the token, where the host wants a certain one.',
            example: 'oauth2',
          }),
          tokens: list(line('must be text; put it in quotes').register(fieldKinds, { kind: 'secret' }), {
            description: 'Further tokens for the API; all of them share the load.',
            example: ['${GITHUB_TOKEN_2}'],
          }),
          kind: optionalChoice(
            forges.map(({ kind }) => kind),
            {
              description: `What answers there${alsoFor(forges)}. Known of ${inWords(
                forges.flatMap(({ knownHosts }) => knownHosts),
                'and',
              )}.`,
              example: 'gitlab',
            },
          ),
          baseUrl: optionalText({
            description: 'The address of its pages, where that is not `https://` and the name.',
            example: 'https://git.example.com/gitea',
          }),
          app,
          ...secret('webhookSecret', { description: 'The secret that its webhooks are signed with.' }),
          maxCallsPerHour: optionalCount({
            min: 0,
            max: 10_000_000,
            description: 'The most API calls an hour, all tokens together, whatever the host allows.',
            example: 2000,
          }),
          maxPointsPerHour: optionalCount({
            min: 0,
            max: 10_000_000,
            description: 'The most GraphQL points an hour, likewise.',
            example: 2000,
          }),
        },
        [
          ({ token, tokenFile, username, ...others }, fault) => {
            const has = Object.values(others).some(value => !(Array.isArray(value) && value.length === 0));
            if (token === undefined && tokenFile === undefined && (username !== undefined || !has))
              fault('token', 'is missing; set it or tokenFile');
          },
          ({ baseUrl }, fault) => {
            if (baseUrl === undefined || /^https?:\/\/[^/\s?#@]+(\/[^\s?#]*[^/\s?#])?$/.test(baseUrl)) return;
            fault('baseUrl', 'must be an http(s) address without a slash at its end, query or credentials');
          },
        ],
      ),
      { error: onlyForType('must be a mapping of host names') },
    )
    .prefault({})
    .meta({
      description:
        'Code hosts by name (`github.com`, `git.example.com:8443`): credentials, budgets, webhooks.',
      examples: [{ 'github.com': { token: '${GITHUB_TOKEN}' } }],
    });
