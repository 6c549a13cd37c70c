import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { SluiceError } from '../../../src/base/errors.ts';
import { parseIni } from '../../../src/keep/buckets/credentials/ini.ts';
import { parseProfiles } from '../../../src/keep/buckets/credentials/read-profiles.ts';
import { chooseCredentials, findCredentials } from '../../../src/keep/buckets/credentials/search.ts';
import { OBJECT_STORES } from '../../../src/keep/buckets/definitions.ts';
import type { S3Profile } from '../../../src/keep/buckets/s3/profile.ts';
import { temporaryDirectory } from '../../support/temp-directory.ts';

const KEYS = 'AWS_ACCESS_KEY_ID = AK\nAWS_SECRET_ACCESS_KEY = SK\n';
const AMAZON = `provider = amazon\n${KEYS}AWS_REGION = eu-west-1\n`;

const faultOf = (text: string): string => {
  try {
    parseProfiles(text, 'file');
  } catch (error) {
    assert.ok(error instanceof SluiceError && error.code === 'credentials_invalid', String(error));
    assert.equal(error.exitCode, 2);
    return error.message;
  }
  assert.fail('no fault found');
};

test('every profile is read, default and named ones, in order (D-1)', () => {
  const text = `[default]\n${AMAZON}\n[robots]\nprovider=directory\npath=/mnt/nas\n[ third ]\n${AMAZON}`;
  assert.deepEqual(
    parseProfiles(text, 'file').map(({ name, kind }) => `${name} ${kind}`),
    ['default s3', 'robots directory', 'third s3'],
  );
});

test('no profile at all is an error (D-1)', () => {
  assert.match(faultOf(''), /no profile/);
  assert.match(faultOf('# only a comment\n'), /no profile/);
});

test('each provider with its keys; names without regard to case, AWS names too (D-2)', () => {
  const [amazon, cloudflare, backblaze, other] = parseProfiles(
    `[a]\n${AMAZON}
[c]\nprovider = Cloudflare\naws_access_key_id = AK\naws_secret_access_key = SK\naws_region = auto\naws_endpoint = https://x.r2.cloudflarestorage.com
[b]\nprovider = backblaze\naws_access_key_id=AK\naws_secret_access_key=SK\nregion=us-west-004\nendpoint_url=https://s3.us-west-004.backblazeb2.com/
[s]\nprovider = s3\n${KEYS}endpoint_url = http://127.0.0.1:9000\naddressing_style = virtual\nchecksum = sha256`,
    'file',
  ) as S3Profile[];
  assert.equal(amazon?.endpoint, 'https://s3.eu-west-1.amazonaws.com');
  assert.equal(amazon?.addressing, 'virtual');
  assert.equal(amazon?.secretAccessKey?.reveal(), 'SK');
  assert.equal(cloudflare?.checksum, 'header');
  assert.deepEqual(
    [backblaze?.region, backblaze?.endpoint],
    ['us-west-004', 'https://s3.us-west-004.backblazeb2.com'],
  );
  assert.deepEqual([other?.region, other?.addressing, other?.checksum], ['us-east-1', 'virtual', 'sha256']);
});

test('Cloudflare R2 signs for the region auto when none is named (D-6)', () => {
  const [profile] = parseProfiles(
    `[r2]\nprovider=cloudflare\n${KEYS}AWS_ENDPOINT=https://x.r2.cloudflarestorage.com`,
    'file',
  );
  assert.equal((profile as S3Profile).region, 'auto');
});

test('a profile without provider is an error that names it (D-3)', () => {
  assert.match(faultOf(`[good]\n${AMAZON}[bare]\n${KEYS}`), /profile "bare": no provider/);
  assert.match(faultOf('[odd]\nprovider = dropbox'), /profile "odd": line 2: unknown provider "dropbox"/);
});

test('every missing key of every profile is named at once (D-3)', () => {
  const message = faultOf(
    '[one]\nprovider=backblaze\n[two]\nprovider=amazon\nAWS_REGION=\n[three]\nprovider=directory\n[four]\nprovider=s3',
  );
  const all = 'missing AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT';
  assert.ok(message.includes(`profile "one": ${all}`), message);
  assert.match(message, /"two": missing AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION;/);
  assert.match(message, /"three": missing path/);
  assert.match(message, /"four": missing AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT$/);
});

test('a key or provider that is written wrong is named with what was likely meant (D-3)', () => {
  const keys = 'aws_acess_key_id=a\naws_secret_access_key=b\naws_regoin=c\ncolour=red';
  const message = faultOf(
    `[one]\nprovider=amazon\n${keys}\n[two]\nprovider=directory\npth=/x\n[three]\nprovider=amazn`,
  );
  const said = [
    'profile "one": missing AWS_ACCESS_KEY_ID, AWS_REGION',
    'line 3: did you mean AWS_ACCESS_KEY_ID by aws_acess_key_id?',
    'line 5: did you mean AWS_REGION by aws_regoin?',
    'profile "two": missing path, line 9: did you mean path by pth?',
    'did you mean amazon?',
  ];
  for (const words of said) assert.ok(message.includes(words), `${words}: ${message}`);
  assert.doesNotMatch(message, /colour/);
});

test('values that cannot be right are named without being shown (D-8)', () => {
  const s3 = (endpoint: string, more = '') =>
    faultOf(`[p]\nprovider=s3\n${KEYS}endpoint_url=${endpoint}\n${more}`);
  assert.match(s3('localhost:9000'), /must begin with https/);
  assert.match(s3('https://host/a/../b?x'), /must end before \? and #/);
  assert.match(s3('https://host/a b'), /plain names/);
  assert.match(s3('http://far.example', 'sse_customer_key=c2hvcnQ='), /is no key: give 32 bytes/);
  assert.doesNotMatch(s3('https://user:hunter2@host'), /hunter2/);
  assert.match(s3('http://h', 'checksum=crc99'), /checksum must be/);
  assert.match(faultOf('[p]\nprovider=directory\npath=relative'), /absolute/);
  assert.match(faultOf(`[a/b]\n${AMAZON}`), /cannot be a folder/);
  assert.doesNotMatch(faultOf('[p]\nthis line holds SECRETSECRET'), /SECRETSECRET/);
});

test('secrets show in no form but reveal() (D-8)', () => {
  const profiles = parseProfiles(
    `[p]\n${AMAZON}aws_session_token=TOKENTOKEN`.replace('SK', 'HUSHHUSH'),
    'file',
  );
  for (const text of [
    JSON.stringify(profiles),
    inspect(profiles, { depth: 9 }),
    `${(profiles[0] as S3Profile).secretAccessKey}`,
  ]) {
    assert.doesNotMatch(text, /HUSHHUSH|TOKENTOKEN/);
  }
});

test('the syntax: comments, nested settings, BOM, CRLF, "profile x" (D-140)', () => {
  const sections = parseIni(
    '\uFEFF; c\r\n[a]\r\nregion = 1 # c\r\ns3 =\r\n  nested = 2\r\ny=p#q\r\n[profile b]\nx==3\n',
    'f',
  );
  assert.deepEqual(
    sections.map(({ name, values }) => [name, Object.fromEntries(values)]),
    [
      ['a', { region: '1', s3: '', 's3.nested': '2', y: 'p#q' }],
      ['b', { x: '=3' }],
    ],
  );
  assert.throws(() => parseIni('x=1\n[a]\nnonsense\n', 'f'), /line 1: .*; line 3: /);
});

test('the parser gives back what was written, whatever the values hold', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
  const value = fc.stringMatching(/^[A-Za-z0-9+/=:.;#_-]{1,40}$/).filter(text => !/^[;#]/.test(text));
  const file = fc.uniqueArray(
    fc.tuple(
      name,
      fc.dictionary(
        name.map(text => text.toLowerCase()),
        value,
        { noNullPrototype: true },
      ),
    ),
    {
      selector: ([section]) => section,
      minLength: 1,
    },
  );
  fc.assert(
    fc.property(file, sections => {
      const text = sections
        .map(
          ([section, values]) =>
            `[${section}]\n${Object.entries(values)
              .map(([k, v]) => `${k} = ${v}`)
              .join('\n')}`,
        )
        .join('\n');
      assert.deepEqual(
        parseIni(text, 'f').map(({ name: section, values }) => [section, Object.fromEntries(values)]),
        sections,
      );
    }),
  );
});

const home = (text: string) => ({ path: '~/.aws/credentials', origin: 'home' as const, content: { text } });
const argument = (text: string) => ({ path: 'arg', origin: 'argument' as const, content: { text } });

test('a found file without any provider is passed over for the argument, and the reason reported (D-4)', () => {
  const found = chooseCredentials([home(`[work]\n${KEYS}`), argument(`[a]\n${AMAZON}`)]);
  assert.equal(found.origin, 'argument');
  assert.deepEqual(found.passedOver, [
    { path: '~/.aws/credentials', why: 'no profile in it has a provider: "work"' },
  ]);
});

test('a found file with a provider comes before the argument; its profiles without one are listed (D-4, D-141)', () => {
  assert.equal(chooseCredentials([home(`[a]\n${AMAZON}`), argument(`[b]\n${AMAZON}`)]).origin, 'home');
  const mixed = [home(`[a]\n${AMAZON}[b]\n${KEYS}`), argument(`[c]\n${AMAZON}`)];
  const found = chooseCredentials(mixed);
  assert.deepEqual([found.profiles.map(({ name }) => name), found.othersProfiles], [['a'], ['b']]);
  assert.throws(() => chooseCredentials(mixed, { strict: true }), /profile "b": no provider/);
});

test('without a file that is meant for sluice there are no credentials, unless strict (D-4, D-141)', () => {
  const ordinary = home(`[work]\n${KEYS}`);
  assert.throws(() => chooseCredentials([ordinary]), { code: 'credentials_missing', message: /"work"/ });
  assert.throws(() => chooseCredentials([ordinary], { strict: true }), /profile "work": no provider/);
  assert.throws(() => chooseCredentials([]), { code: 'credentials_missing' });
  const broken = home(`[work]\n${KEYS}broken`);
  assert.throws(() => chooseCredentials([broken]), { code: 'credentials_missing', message: /line 4/ });
  assert.throws(() => chooseCredentials([home(`[a]\n${AMAZON}broken`)]), { code: 'credentials_invalid' });
});

test("AWS's config is merged in: the credentials file counts over it (D-140)", () => {
  const config = (text: string) => ({ path: '~/.aws/config', content: { text } });
  const work = `[profile work]\nregion = eu-west-1\nprovider = amazon\n[other]\nprovider = amazon\n`;
  const [profile, ...more] = chooseCredentials([
    { ...home(`[work]\n${KEYS}AWS_REGION = eu-north-1`), config: config(work) },
  ]).profiles as S3Profile[];
  assert.deepEqual([profile?.name, profile?.region, more], ['work', 'eu-north-1', []]);
  // A file that was given gets what the config says of its own profiles, and no further ones.
  const given = { ...argument(`[work]\n${KEYS}provider=amazon\n`), config: config(work) };
  const found = chooseCredentials([given]).profiles as S3Profile[];
  assert.deepEqual(
    found.map(({ name, region }) => [name, region]),
    [['work', 'eu-west-1']],
  );
});

test('the files are looked for where the AWS command line does; --only-credentials looks nowhere else (D-4)', async context => {
  const folder = temporaryDirectory(context, 'sluice-credentials');
  await mkdir(join(folder, '.aws'));
  await writeFile(join(folder, '.aws', 'credentials'), `[home]\n${AMAZON}`);
  await writeFile(join(folder, 'env'), `[env]\n${AMAZON}`);
  await writeFile(join(folder, 'arg'), `[arg]\n${AMAZON}`);
  const nameOf = async (search: Partial<Parameters<typeof findCredentials>[0]>) =>
    (await findCredentials({ environment: {}, homeDirectory: folder, ...search })).profiles[0]?.name;
  const environment = { AWS_SHARED_CREDENTIALS_FILE: join(folder, 'env') };
  assert.equal(await nameOf({ environment, argument: join(folder, 'arg') }), 'env');
  // The variable binds: what it does not lead to is not looked for in the home directory.
  const elsewhere = { AWS_SHARED_CREDENTIALS_FILE: join(folder, 'no') };
  assert.equal(await nameOf({ environment: elsewhere, argument: join(folder, 'arg') }), 'arg');
  await assert.rejects(nameOf({ environment: elsewhere }), { code: 'credentials_missing' });
  assert.equal(await nameOf({ argument: join(folder, 'arg') }), 'home');
  assert.equal(await nameOf({ environment, only: join(folder, 'arg') }), 'arg');
  assert.equal(await nameOf({ argument: join(folder, 'arg'), homeDirectory: '/nowhere' }), 'arg');
  await assert.rejects(nameOf({ homeDirectory: '/nowhere' }), { code: 'credentials_missing' });
  await assert.rejects(nameOf({ homeDirectory: '/nowhere', argument: join(folder, 'no') }), {
    code: 'credentials_missing',
  });
});

test('the example has a profile of every provider, each complete (D-2, D-5)', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../examples/credentials'), 'utf8');
  const providers = parseProfiles(text, 'examples/credentials').map(({ provider }) => provider);
  assert.deepEqual(providers.toSorted(), OBJECT_STORES.flatMap(store => store.providers).toSorted());
});
