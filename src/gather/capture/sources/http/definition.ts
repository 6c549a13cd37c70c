import type { ReadingSourceDefinition } from '../source-definition.ts';

export interface HttpPlan {
  readonly method: 'http';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly username: string | null;
  readonly password: string | null;
  /** Paths of PEM files: who signed the server's certificate, and the certificate and key of this client. */
  readonly caFile: string | null;
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
}

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** The answer of a web address. */
export const httpDefinition: ReadingSourceDefinition<HttpPlan, string> = {
  kind: 'http',
  setting: ({ line, webAddressFault }) =>
    line('must be an address', webAddressFault)
      .optional()
      .meta({ description: 'An address; its answer is the reading.' }),
  companions: ({ secretTexts, optionalText, optionalPath, secret }) => ({
    headers: secretTexts(name => (HEADER_NAME.test(name) ? undefined : 'is no name of a header'), {
      description: 'Of `http`: headers to ask with.',
      example: { 'X-Api-Key': '${SENSOR_KEY}' },
    }),
    username: optionalText({
      description: 'Of `http`: the user name to ask with (Basic or Digest); one in the address does as well.',
      example: 'station',
    }),
    ...secret('password', { description: 'Of `http`: the password to it.', example: '${SENSOR_PASSWORD}' }),
    caFile: optionalPath({
      description:
        'Of `http`: a PEM file of who signed the certificate of the server, beside those that Node knows.',
      example: '/etc/sluice/sensors-ca.pem',
    }),
    certificateFile: optionalPath({
      description: "Of `http`: a PEM file with this client's certificate, for servers that ask for one.",
      example: '/etc/sluice/client.pem',
    }),
    keyFile: optionalPath({
      description: 'Of `http`: a PEM file with the key of that certificate.',
      example: '/etc/sluice/client.key',
    }),
  }),
  pushes: false,
  planOf: (url, { headers, username, password, caFile, certificateFile, keyFile }) => ({
    method: 'http',
    url,
    headers: (headers ?? {}) as Readonly<Record<string, string>>,
    username: (username ?? null) as string | null,
    password: (password ?? null) as string | null,
    caFile: (caFile ?? null) as string | null,
    certificateFile: (certificateFile ?? null) as string | null,
    keyFile: (keyFile ?? null) as string | null,
  }),
  async load() {
    const { HttpSource } = await import('./http.ts');
    return () => ({ open: plan => new HttpSource(plan) });
  },
};
