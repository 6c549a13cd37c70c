import { z } from 'zod';
import { mapping, onlyForType, optionalText, secret } from '../fields.ts';

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)(:[0-9]{1,5})?$/;

export const hosts = z
  .record(
    z.string().regex(HOST, { error: 'is not a host name; write it in lower case, without scheme or path' }),
    mapping(
      {
        ...secret('token', {
          description: 'The token or password that HTTPS requests to the host carry.',
          example: '${GITHUB_TOKEN}',
        }),
        username: optionalText({
          description: 'The user name to send with the token, where the host wants a certain one.',
          example: 'oauth2',
        }),
      },
      [
        ({ token, tokenFile }, fault) => {
          if (token === undefined && tokenFile === undefined)
            fault('token', 'is missing; set it or tokenFile');
        },
      ],
    ),
    { error: onlyForType('must be a mapping of host names') },
  )
  .prefault({})
  .meta({
    description: 'Credentials for HTTPS repositories, by host name (`github.com`, `git.example.com:8443`).',
    examples: [{ 'github.com': { token: '${GITHUB_TOKEN}' } }],
  });
