import { isIP } from 'node:net';
import {
  count,
  duration,
  line,
  list,
  mapping,
  optionalPath,
  secret,
  section,
  size,
  text,
} from '../fields.ts';

/** Whether only this machine can reach a server that is bound to `host`. */
function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

const tls = mapping(
  {
    cert: optionalPath({
      description: 'The certificate in PEM, with those of its issuers after it (`fullchain.pem`).',
    }),
    key: optionalPath({ description: 'Its private key in PEM, without a passphrase.' }),
  },
  [
    ({ cert, key }, fault) => {
      if (cert === undefined) fault('cert', 'is missing; TLS takes a certificate and its key');
      if (key === undefined) fault('key', 'is missing; TLS takes a certificate and its key');
    },
  ],
);

export const server = section(
  'The HTTP server: API, dashboard, webhooks and metrics.',
  {
    host: text({
      default: '127.0.0.1',
      description: 'The address to listen on. Any but a loopback address needs a token.',
    }),
    port: count({
      default: 8750,
      min: 0,
      max: 65_535,
      description: 'The port; 0 lets the system choose one.',
    }),
    ...secret('token', {
      description: 'What clients must send as `Authorization: Bearer …`.',
      example: '${SLUICE_TOKEN}',
    }),
    ...secret('readToken', {
      description: 'A second token, for those who only look: it reads everything and changes nothing.',
    }),
    hosts: list(line(), {
      description: 'Host names, besides the address itself, by which the server may be called.',
      example: ['sluice.example.com'],
    }),
    tls: tls.optional().meta({
      description:
        'The server speaks HTTPS (TLS 1.2 or later) with these files. They are read again when they are renewed.',
    }),
    maxBodySize: size({
      default: '1MiB',
      min: '1KiB',
      max: '1GiB',
      description: 'The largest request body that is read.',
    }),
    requestTimeout: duration({
      default: '30s',
      min: '1s',
      max: '1h',
      description:
        'How long a client may take to send a request, and how long it may take nothing of an answer.',
    }),
  },
  [
    ({ token, readToken }, fault) => {
      if (readToken === undefined) return;
      if (token === undefined)
        fault('readToken', 'is there without a token; without that anybody may read and write');
      else if (token === readToken) fault('readToken', 'is the token itself, which may change everything');
    },
    ({ host, token }, fault) => {
      if (host === undefined || isLoopback(host) || token !== undefined) return;
      fault(
        'token',
        `is missing, and server.host ${host} is no loopback address; set it, tokenFile or SLUICE_TOKEN`,
      );
    },
  ],
);
