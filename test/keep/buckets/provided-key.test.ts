import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SluiceError } from '../../../src/base/errors.ts';
import { provideKey } from '../../../src/keep/buckets/credentials/provided-key.ts';
import { findCredentials } from '../../../src/keep/buckets/credentials/search.ts';
import type { S3Profile } from '../../../src/keep/buckets/s3/profile.ts';
import { temporaryDirectory } from '../../support/temp-directory.ts';

const EXPIRES = '2099-01-01T00:00:00Z';

/** A home directory, and a server that plays AWS's token services, SSO and a container's metadata. */
async function surroundings(t: TestContext) {
  const home = temporaryDirectory(t, 'sluice-home');
  mkdirSync(join(home, '.aws', 'sso', 'cache'), { recursive: true });
  const seen: URLSearchParams[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://x');
    const form = new URLSearchParams(Buffer.concat(chunks).toString() || url.search);
    form.set('signed', String(request.headers.authorization ?? ''));
    seen.push(form);
    const action = form.get('Action');
    if (action !== null) {
      if (form.get('RoleArn')?.includes('forbidden')) {
        response.writeHead(403, { 'content-type': 'text/xml' });
        response.end(
          '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>may not</Message></Error></ErrorResponse>',
        );
        return;
      }
      response.writeHead(200, { 'content-type': 'text/xml' });
      response.end(
        `<${action}Response><${action}Result><Credentials><AccessKeyId>${action}</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken><Expiration>${EXPIRES}</Expiration></Credentials></${action}Result></${action}Response>`,
      );
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    const isSso = url.pathname.startsWith('/federation');
    response.end(
      JSON.stringify(
        isSso
          ? {
              roleCredentials: {
                accessKeyId: 'SSO',
                secretAccessKey: 'S',
                sessionToken: 'T',
                expiration: Date.parse(EXPIRES),
              },
            }
          : { AccessKeyId: 'CONTAINER', SecretAccessKey: 'S', Token: 'T', Expiration: EXPIRES },
      ),
    );
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  setEnvironment(t, {
    HOME: home,
    AWS_ENDPOINT_URL_STS: address,
    AWS_ENDPOINT_URL_SSO: address,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${address}/container`,
    AWS_ACCESS_KEY_ID: 'ENVIRONMENT',
    AWS_SECRET_ACCESS_KEY: 'S',
  });
  return { home, seen };
}

function setEnvironment(t: TestContext, values: Record<string, string>): void {
  for (const [name, value] of Object.entries(values)) {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

/** The key that profile `p` of a credentials file gets. */
async function keyOf(home: string, settings: string, more = '') {
  const path = join(home, 'credentials');
  writeFileSync(path, `[p]\nprovider = amazon\nregion = eu-west-1\n${settings}\n${more}`, { mode: 0o600 });
  const { profiles } = await findCredentials({ only: path, environment: {}, homeDirectory: home });
  const { provided, region } = profiles[0] as S3Profile;
  assert.ok(provided);
  const { key, expiresAtMs } = await provideKey(provided, { region });
  return { ...key, expiresAtMs };
}

const BASE =
  '[base]\nprovider = s3\naws_endpoint = http://x\naws_access_key_id = BASE\naws_secret_access_key = S\n';

test('keys come from programs, roles, web identities, SSO, containers and the environment (D-144)', async t => {
  const { home, seen } = await surroundings(t);
  const program = join(home, 'a program.sh');
  const printed = {
    Version: 1,
    AccessKeyId: 'PROGRAM',
    SecretAccessKey: 'S',
    SessionToken: 'T',
    Expiration: EXPIRES,
  };
  writeFileSync(program, `#!/bin/sh\necho '${JSON.stringify(printed)}'\n`, { mode: 0o700 });
  const byProgram = await keyOf(home, `credential_process = "${program}"`);
  assert.deepEqual([byProgram.accessKeyId, byProgram.expiresAtMs], ['PROGRAM', Date.parse(EXPIRES)]);

  const role = 'role_arn = arn:aws:iam::1:role/r\nexternal_id = outside\nrole_session_name = me\n';
  const byRole = await keyOf(home, `${role}source_profile = base`, BASE);
  assert.deepEqual([byRole.accessKeyId, byRole.sessionToken?.reveal()], ['AssumeRole', 'T']);
  const asked = seen.at(-1);
  assert.deepEqual(
    ['RoleArn', 'ExternalId', 'RoleSessionName'].map(name => asked?.get(name)),
    ['arn:aws:iam::1:role/r', 'outside', 'me'],
  );
  assert.match(asked?.get('signed') ?? '', /Credential=BASE\//);

  await keyOf(home, `${role}credential_source = Environment`);
  assert.match(seen.at(-1)?.get('signed') ?? '', /Credential=ENVIRONMENT\//);
  const overTwo = `[middle]\nprovider = amazon\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/m\nsource_profile = base\n${BASE}`;
  await keyOf(home, `${role}source_profile = middle`, overTwo);
  assert.match(seen.at(-1)?.get('signed') ?? '', /Credential=AssumeRole\//);
  const itself = 'aws_access_key_id = OWN\naws_secret_access_key = S\nsource_profile = p';
  await keyOf(home, `${role}${itself}`);
  assert.match(seen.at(-1)?.get('signed') ?? '', /Credential=OWN\//);

  writeFileSync(join(home, 'token'), 'JWT');
  const byToken = await keyOf(
    home,
    `${role.split('\n')[0]}\nweb_identity_token_file = ${join(home, 'token')}`,
  );
  assert.equal(byToken.accessKeyId, 'AssumeRoleWithWebIdentity');
  assert.equal(seen.at(-1)?.get('WebIdentityToken'), 'JWT');

  const token = { accessToken: 'A', expiresAt: EXPIRES, region: 'eu-west-1', startUrl: 'https://sso' };
  const cached = `${createHash('sha1').update('work').digest('hex')}.json`;
  writeFileSync(join(home, '.aws', 'sso', 'cache', cached), JSON.stringify(token));
  const session = '[sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://sso\n';
  const bySso = await keyOf(home, 'sso_session = work\nsso_account_id = 1\nsso_role_name = r', session);
  assert.equal(bySso.accessKeyId, 'SSO');

  assert.equal((await keyOf(home, 'credential_source = EcsContainer')).accessKeyId, 'CONTAINER');
  assert.equal((await keyOf(home, 'credential_source = Environment')).accessKeyId, 'ENVIRONMENT');
});

test('who gives no key holds the profile, in one line without secrets, with what to do (D-144, T-3)', async t => {
  const { home } = await surroundings(t);
  const failures: [string, RegExp, RegExp][] = [
    [
      'credential_process = /bin/false --password HUSHHUSH',
      /its credential_process: the program ended/,
      /by hand/,
    ],
    ['credential_process = echo HUSHHUSH', /returned invalid JSON/, /by hand/],
    [
      'role_arn = arn:aws:iam::1:role/forbidden\ncredential_source = Environment',
      /role\/forbidden: may not/,
      /trusts/,
    ],
    [
      'sso_start_url = https://nobody\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r',
      /single sign-on/,
      /aws sso login --profile p/,
    ],
    [
      'role_arn = arn:aws:iam::1:role/r\nweb_identity_token_file = /nowhere',
      /token file: .*/,
      /token file is there/,
    ],
  ];
  for (const [settings, words, hint] of failures) {
    await assert.rejects(keyOf(home, settings), (error: SluiceError) => {
      assert.deepEqual([error.code, error.answer, error.holds], ['bucket_auth_failed', 'hold', 'profile']);
      assert.match(error.message, words);
      assert.match(error.hint, hint);
      assert.doesNotMatch(error.message, /HUSH|\n/);
      return true;
    });
  }
});
