import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { silentLogger } from '../../../src/base/log.ts';
import { decodeCredentials } from '../../../src/keep/buckets/credentials/decode.ts';
import { readIni } from '../../../src/keep/buckets/credentials/ini.ts';
import { parseProfiles } from '../../../src/keep/buckets/credentials/read-profiles.ts';
import { findCredentials } from '../../../src/keep/buckets/credentials/search.ts';
import { findProfiles } from '../../../src/keep/buckets/profiles.ts';
import type { S3Profile } from '../../../src/keep/buckets/s3/profile.ts';
import { temporaryDirectory } from '../../support/temp-directory.ts';

/** What is read, by section; faults where there are any. */
function readOf(text: string): unknown {
  const { sections, faults } = readIni(text, 'f');
  if (faults.length > 0) return faults;
  return Object.fromEntries(
    sections.map(({ kind, name, values }) => [
      kind === 'profile' ? name : `${kind} ${name}`,
      Object.fromEntries(values),
    ]),
  );
}

// The third column is what botocore 1.44.8, which the AWS command line reads with, makes of the same text, as measured:
// undefined where it is the same, `refused`, or its own reading.
const FILES: [name: string, text: string, read: unknown, botocore?: unknown][] = [
  ['key: value', '[p]\nregion: x=y\n', { p: { region: 'x=y' } }],
  ['an indented section, an empty value first', '[p]\n  region =\n  a = 1\n', { p: { region: '', a: '1' } }],
  ['tabs', '[p]\n\tregion\t=\teu\n', { p: { region: 'eu' } }],
  ['a block', '[p]\ns3 =\n  max = 20\nr = e\n', { p: { s3: '', 's3.max': '20', r: 'e' } }],
  [
    'a block in an indented section',
    '[p]\n  s3 =\n    addressing_style = path\n  region = eu\n',
    { p: { s3: '', 's3.addressing_style': 'path', region: 'eu' } },
  ],
  ['a blank line in a block', '[p]\ns3 =\n\n  a = 1\nr = e\n', { p: { s3: '', 's3.a': '1', r: 'e' } }],
  ['a comment in a block', '[p]\ns3 =\n  # c\n  a = 1\n', { p: { s3: '', 's3.a': '1' } }],
  ['an indented comment', '[p]\na = 1\n   # c\nb = 2\n', { p: { a: '1', b: '2' } }],
  ['CR LF', '[p]\r\na = e\r\n', { p: { a: 'e' } }],
  ['CR alone', '[p]\ra = e\r', { p: { a: 'e' } }],
  ['no newline at the end', '[p]\na = e', { p: { a: 'e' } }],
  ['" ;" in a value', '[p]\nx = /a ;b\n', { p: { x: '/a ;b' } }],
  ['a comment after a header', '[p] # main\na=1\n', { p: { a: '1' } }],
  ['a comment close after a header', '[p]#main\na=1\n', { p: { a: '1' } }],
  ['a name with " #1"', '[cam #1]\na=1\n', { 'cam #1': { a: '1' } }],
  ['a value that begins with =', '[p]\na==b=\n', { p: { a: '=b=' } }],
  ['no-break spaces around a value', '[p]\na =\u00a0x\u00a0\n', { p: { a: 'x' } }],
  ['a percent sign', '[p]\na = 100%(x)s\n', { p: { a: '100%(x)s' } }],
  ['names of keys in capitals', '[p]\nAWS_REGION = X\n', { p: { aws_region: 'X' } }],
  [
    'services',
    '[services s]\ns3 =\n  endpoint_url = u\n',
    { 'services s': { s3: '', 's3.endpoint_url': 'u' } },
  ],
  ['an SSO session', '[sso-session s]\nsso_region = eu\n', { 'sso-session s': { sso_region: 'eu' } }],
  ['the same section twice', '[p]\na=1\n[p]\nb=2\n', ['line 3: "p" is there already, on line 1'], 'refused'],
  ['the same key twice', '[p]\na=1\na=2\n', ['line 3: a is there already, on line 2'], 'refused'],
  ['a header without end', '[p\na=1\n', ['line 1: is not of the form [profile]'], 'refused'],
  ['a header without name', '[]\na=1\n', ['line 1: a section without a name'], 'refused'],
  ['no header', 'a=1\nb=1\n[p]\nb=1\n', ['line 1: stands before the first [profile]'], 'refused'],
  ['a line without =', '[p]\njunk\n', ['line 2: neither [profile] nor key = value'], 'refused'],
  // Beyond the command line: what was surely meant, or surely not.
  ['a byte order mark', '\ufeff[p]\na=1\n', { p: { a: '1' } }, 'refused'],
  ['a comment after a region', '[p]\nregion = e # c\n', { p: { region: 'e' } }, 'e # c'],
  ['a key indented below a value', '[p]\nr = e\n  o = j\n', { p: { r: 'e', o: 'j' } }, 'e\no = j'],
  [
    'keys indented below an empty token',
    '[p]\naws_session_token =\n  aws_access_key_id = A\n  region = e\n',
    { p: { aws_session_token: '', aws_access_key_id: 'A', region: 'e' } },
    'a block',
  ],
  [
    'a key of the profile in a block',
    '[p]\ns3 =\n  aws_access_key_id = A\n',
    ['line 3: aws_access_key_id stands indented below "s3 =", as part of it; indent both alike'],
    'a block',
  ],
  [
    'a line that goes on',
    '[p]\na = e\n  more\n',
    ['line 3: continues the line above it; a value is one line'],
    'e\nmore',
  ],
  ['[profile x]', '[profile x]\na=1\n', { x: { a: '1' } }, 'profile x'],
  ['[profile "x y"]', '[profile "x y"]\na=1\n', { 'x y': { a: '1' } }, 'profile "x y"'],
  ['[PROFILE x]', '[PROFILE x]\na=1\n', ['line 1: AWS knows "profile" in lower case only'], 'PROFILE x'],
  ['[[p]]', '[[p]]\na=1\n', ['line 1: is not of the form [profile]'], '[p]'],
  ['[p]]', '[p]]\na=1\n', ['line 1: is not of the form [profile]'], 'p]'],
  ['export', '[p]\nexport a=1\n', ['line 2: "export" is for shells; write key = value'], 'export a'],
  [
    'a blank in a key',
    '[p]\naws secret = x\n',
    ['line 2: the name before the = holds a blank'],
    'aws secret',
  ],
];

test('a credentials file is read as the AWS command line reads it, line by line (D-140)', () => {
  for (const [name, text, expected] of FILES) assert.deepEqual(readOf(text), expected, name);
});

test('any bytes are read to their end or refused by line, never thrown at (D-140)', () => {
  const line = fc.oneof(
    fc.constantFrom(
      '[p]',
      '  [q',
      's3 =',
      '  a = 1',
      '\tb: 2',
      '# c',
      '',
      '[profile x] ; y',
      '\0',
      '= 1',
      'x',
    ),
    fc.string({ maxLength: 12 }),
  );
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom('\n', '\r\n', '\r'), (lines, end) => {
      const { faults } = readIni(lines.join(end), 'f');
      for (const fault of faults) assert.match(fault, /^line \d+: [^\n]+$/);
    }),
  );
});

test('a megabyte of profiles is read in no time (D-140)', () => {
  const text = Array.from(
    { length: 12_000 },
    (_, n) => `[p${n}]\naws_access_key_id = AKID${n}\nregion = eu\n`,
  );
  assert.equal(readIni(text.join('\n'), 'f').sections.length, 12_000);
});

test('UTF-16 of either order, with its mark or without, is text like any other (D-140)', () => {
  const text = '[p]\na = 1\n';
  const little = Buffer.from(text, 'utf16le');
  for (const bytes of [
    Buffer.from(text),
    little,
    Buffer.from(`\ufeff${text}`, 'utf16le'),
    Buffer.from(little).swap16(),
    Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
  ]) {
    assert.equal(decodeCredentials(bytes).replace(/^\ufeff/, ''), text);
  }
});

const KEYS = { aws_access_key_id: 'AKID', aws_secret_access_key: 'SECRET', aws_endpoint: 'http://h:1' };

/** The profile of these settings, or what is said against them. */
function profileOf(settings: Record<string, string>): S3Profile | string {
  const lines = Object.entries({ provider: 's3', ...KEYS, ...settings }).map(
    ([key, value]) => `${key} = ${value}`,
  );
  try {
    return parseProfiles(`[p]\n${lines.join('\n')}\n`, 'f')[0] as S3Profile;
  } catch (error) {
    return (error as Error).message;
  }
}

test('what cannot stand in a header, or was surely not meant, is refused with its line (D-142)', () => {
  const refused: [Record<string, string>, RegExp][] = [
    [{ aws_access_key_id: 'AKID\u200b' }, /line 3: AWS_ACCESS_KEY_ID holds a character that cannot be seen/],
    [{ aws_access_key_id: '\u0410KID' }, /line 3: .*not ASCII/],
    [{ aws_access_key_id: 'AK ID' }, /line 3: .*a blank/],
    [{ aws_access_key_id: 'AKID\0' }, /line 3: .*cannot be seen/],
    [{ aws_access_key_id: 'AKID\ufffd' }, /line 3: .*not UTF-8/],
    [{ aws_access_key_id: '"AKID' }, /line 3: .*quote/],
    [{ aws_access_key_id: 'AK,ID' }, /line 3: .*comma/],
    [{ aws_secret_access_key: '<your-secret>' }, /line 4: .*placeholder/],
    [{ aws_secret_access_key: 'SEC\u00a0RET' }, /line 4: .*cannot be seen/],
    [{ aws_session_token: 'tok\u0000en' }, /line 6: AWS_SESSION_TOKEN .*cannot be seen/],
    [{ aws_session_token: 'tok\u202een' }, /line 6: .*cannot be seen/],
    [{ region: 'us east 1' }, /line 6: AWS_REGION holds a blank/],
    [{ region: 'eu\u2011central\u20111' }, /line 6: AWS_REGION .*not ASCII/],
    [{ region: 'eu/x' }, /line 6: AWS_REGION .*slash/],
    [{ provider: 'amazon', region: 'Frankfurt' }, /no region of Amazon/],
    [{ aws_endpoint: 'http://127.0.0.1:0' }, /line 5: AWS_ENDPOINT has port 0/],
    [{ aws_endpoint: 'https://b.s3.eu-west-1.amazonaws.com' }, /line 5: .*bucket in front/],
    [{ provider: 's3 # lab' }, /line 2: provider must be one of .* no comment/],
    [{ provider: 'directory', path: '~/out' }, /~ is not resolved/],
    [{ provider: 'directory', path: '$HOME/out' }, /variables/],
    [{ provider: 'directory', path: '"/mnt/x' }, /quote/],
  ];
  for (const [settings, words] of refused) assert.match(String(profileOf(settings)), words);
});

test('our own values are never cut, quotes around a value are none of it (D-142)', () => {
  for (const path of ['/mnt/Bob #2/out', '/mnt/a ;b', '/mnt/Bob#2']) {
    const [plain, quoted] = [path, `"${path}"`].map(one => profileOf({ provider: 'directory', path: one }));
    assert.deepEqual(plain, { kind: 'directory', name: 'p', provider: 'directory', path });
    assert.deepEqual(quoted, plain);
  }
  const profile = profileOf({ aws_access_key_id: "'AKID'", aws_endpoint: '"http://h:1" # lab' }) as S3Profile;
  assert.deepEqual([profile.accessKeyId, profile.endpoint], ['AKID', 'http://h:1']);
  assert.equal(
    (profileOf({ aws_secret_access_key: '#SE+CR/ET=' }) as S3Profile).secretAccessKey?.reveal(),
    '#SE+CR/ET=',
  );
});

test('names of profiles that cannot be folders, or look the same, are refused (D-142)', () => {
  const named = (...names: string[]): string => {
    const text = names.map(name => `[${name}]\nprovider = directory\npath = /x\n`).join('');
    try {
      return parseProfiles(text, 'f')
        .map(({ name }) => name)
        .join();
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(named('a/b'), /cannot be a folder/);
  assert.match(named('..'), /cannot be a folder/);
  assert.match(named('p'.repeat(256)), /too long/);
  assert.match(named('\u00e9', 'e\u0301'), /looks the same/);
  assert.equal(named('p', 'P', 'my profile', 'cam #1'), 'p,P,my profile,cam #1');
});

test("AWS's services and s3 blocks are taken as well (D-140)", () => {
  const text = `[p]\nprovider = amazon\nregion = eu-west-1\naws_access_key_id = A\naws_secret_access_key = B\nservices = lab
s3 =\n  addressing_style = path\n[services lab]\ns3 =\n  endpoint_url = http://lab:9000\n`;
  const [profile] = parseProfiles(text, 'f') as S3Profile[];
  assert.deepEqual([profile?.endpoint, profile?.addressing], ['http://lab:9000', 'path']);
});

test('where a key comes from is checked before anybody is asked for it (D-144)', () => {
  const words = (settings: string, more = ''): string => {
    try {
      const text = `[p]\nprovider = amazon\nregion = eu-west-1\n${settings}\n${more}`;
      return parseProfiles(text, 'f')
        .map(profile => ((profile as S3Profile).provided ? 'provided' : 'held'))
        .join();
    } catch (error) {
      return (error as Error).message;
    }
  };
  const base = '[base]\nprovider = directory\npath = /x\naws_access_key_id = A\naws_secret_access_key = B\n';
  const role = 'role_arn = arn:aws:iam::1:role/r';
  assert.equal(words('credential_process = /bin/x'), 'provided');
  assert.equal(words('credential_source = EcsContainer'), 'provided');
  assert.equal(words(`${role}\nweb_identity_token_file = /t`), 'provided');
  assert.equal(
    words(
      'sso_session = s\nsso_account_id = 1\nsso_role_name = r',
      '[sso-session s]\nsso_region = e\nsso_start_url = u\n',
    ),
    'provided',
  );
  assert.equal(words('aws_access_key_id = A\naws_secret_access_key = B\ncredential_process = x'), 'held');
  assert.match(words(`${role}\nsource_profile = base`, base), /^provided,held$|^provided/);
  assert.match(
    words(`${role}\nsource_profile = base\nmfa_serial = m`, base),
    /line 6: mfa_serial asks for a code/,
  );
  assert.match(
    words(`${role}\nsource_profile = nobody`),
    /line 5: source_profile names a profile that is not there/,
  );
  assert.match(words(`${role}\nsource_profile = p`), /names its own profile/);
  assert.match(
    words(`${role}\nsource_profile = q`, `[q]\nprovider=directory\npath=/x\n${role}\nsource_profile = p\n`),
    /circle/,
  );
  assert.match(words(role), /line 4: role_arn needs source_profile/);
  assert.match(words('credential_source = Moon'), /must be one of Ec2InstanceMetadata/);
  assert.match(words('web_identity_token_file = /t'), /needs role_arn/);
  assert.match(words('sso_session = s'), /sso_session names a section/);
  assert.match(words('sso_start_url = u'), /missing sso_account_id, sso_role_name, sso_region/);
});

test('a pipe is read once, and not waited for when the key is read anew (D-145)', async context => {
  const folder = temporaryDirectory(context, 'sluice-pipe');
  const only = join(folder, 'pipe');
  execFileSync('mkfifo', [only]);
  const text = '[p]\nprovider = directory\npath = /x\n';
  const written = writeFile(only, text);
  for (let times = 0; times < 2; times += 1) {
    const { profiles } = await findCredentials({ only, environment: {}, homeDirectory: folder });
    assert.equal(profiles[0]?.name, 'p');
  }
  await written;
});

test('what others can read is told of; a device or a folder is no credentials file (D-143)', async context => {
  const folder = temporaryDirectory(context, 'sluice-credentials');
  const path = join(folder, 'credentials');
  writeFileSync(path, '[p]\nprovider = directory\npath = /x\n');
  const sharedAt = async (mode: number) => {
    chmodSync(path, mode);
    return (await findCredentials({ only: path, environment: {}, homeDirectory: folder })).shared;
  };
  assert.deepEqual(await sharedAt(0o600), []);
  assert.deepEqual(await sharedAt(0o640), [path]);
  assert.deepEqual(await sharedAt(0o604), [path]);
  for (const odd of [folder, '/dev/zero']) {
    await assert.rejects(findCredentials({ only: odd, environment: {}, homeDirectory: folder }), {
      code: 'credentials_missing',
    });
  }
});

test('an ordinary ~/.aws/credentials is left alone: delivery starts with the profile local (D-141)', async context => {
  const homeDirectory = temporaryDirectory(context, 'sluice-home');
  mkdirSync(join(homeDirectory, '.aws'));
  const ordinary = '[default]\naws_access_key_id = A\naws_secret_access_key = B\n';
  writeFileSync(join(homeDirectory, '.aws', 'credentials'), ordinary);
  writeFileSync(
    join(homeDirectory, '.aws', 'config'),
    '[default]\nregion = eu-west-1\n[profile sso]\nsso_session = x\n',
  );
  const warnings: string[] = [];
  const log = {
    ...silentLogger,
    warn: (words: unknown) => void warnings.push(String(words)),
  } as typeof silentLogger;
  const deliver = {
    directory: homeDirectory,
    credentials: undefined,
    onlyCredentials: undefined,
    strictProfiles: false,
    proxy: {},
  };
  const profiles = await findProfiles({ deliver, env: {}, homeDirectory }, log);
  assert.deepEqual(
    profiles.map(({ name }) => name),
    ['local'],
  );
  assert.match(warnings.join(), /"default", "sso".*--credentials FILE/);
  await assert.rejects(
    findProfiles({ deliver: { ...deliver, strictProfiles: true }, env: {}, homeDirectory }, log),
    {
      code: 'credentials_invalid',
    },
  );
});
