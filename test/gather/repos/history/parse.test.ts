import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIdentity } from '../../../../src/gather/repos/history/identity.ts';
import { CommitParser } from '../../../../src/gather/repos/history/parse.ts';
import type { CommitRow } from '../../../../src/keep/store/types.ts';

const HASH = 'a'.repeat(40);
const PARENT = 'b'.repeat(40);

interface Parts {
  readonly author?: string;
  readonly headers?: string;
  readonly body?: string;
}

/** A record as `git rev-list --header` writes it. */
function record({ author = 'Ada <a@b> 5 +0100', headers = '', body = '    subject\n' }: Parts = {}): Buffer {
  const head = `${HASH}\ntree ${HASH}\nparent ${PARENT}\nauthor ${author}\ncommitter Bob <b@c> 6 -0230\n${headers}`;
  return Buffer.from(`${head}\n${body}\0`, 'utf8');
}

function parse(...chunks: Buffer[]): CommitRow[] {
  const parser = new CommitParser();
  const rows: CommitRow[] = [];
  for (const chunk of chunks) parser.push(chunk, rows);
  assert.equal(parser.incomplete, false);
  return rows;
}

function parseOne(parts: Parts): CommitRow {
  const [row] = parse(record(parts));
  assert.ok(row);
  return row;
}

test('S6: a plain commit', () => {
  assert.deepEqual(parseOne({}), {
    hash: HASH,
    parents: [PARENT],
    author: { name: 'Ada', email: 'a@b' },
    authoredAt: 5,
    authoredZone: 60,
    committer: { name: 'Bob', email: 'b@c' },
    committedAt: 6,
    committedZone: -150,
    subject: 'subject',
    signed: false,
    coAuthors: [],
  });
});

test('S9: dates of any size and zones of any width are clamped', () => {
  const cases: [string, number, number][] = [
    ['18446744073709551616 +0000', 253_402_300_799, 0],
    ['4102444800 -0930', 4_102_444_800, -570],
    ['99999999999999999999999999 +51800', 253_402_300_799, 1440],
    ['5 -51800', 5, -1440],
    ['-5 +0100', 0, 0],
    ['soon', 0, 0],
    ['', 0, 0],
    ['7', 7, 0],
    ['7 -0000', 7, 0],
    ['  7\t+0015', 7, 15],
  ];
  for (const [date, at, zone] of cases) {
    const row = parseOne({ author: `Ada <a@b> ${date}` });
    assert.deepEqual([row.authoredAt, row.authoredZone], [at, zone], date);
  }
});

test('S9: identities are split as git splits them, whatever is in them', () => {
  const cases: [string, string, string][] = [
    ['Ada <a@b>', 'Ada', 'a@b'],
    [' <>', '', ''],
    ['<a@b>', '', 'a@b'],
    ['Ada \t<a<b>', 'Ada', 'a<b'],
    ['A <x> B <y>', 'A', 'x'],
    ['nobody', '', ''],
    ['Ada <a@b', '', ''],
    ['', '', ''],
  ];
  for (const [text, name, email] of cases) assert.deepEqual(parseIdentity(text), { name, email }, text);
  const odd = parseOne({ author: 'Ada <a@b>> 9 +0000' });
  assert.deepEqual([odd.author.email, odd.authoredAt], ['a@b', 9]);
});

test('S9: the same identity is the same object, also from different chunks', () => {
  const [first, second] = parse(record(), record());
  assert.equal(first?.author, second?.author);
});

test('S9: invalid UTF-8 becomes U+FFFD, valid UTF-8 stays', () => {
  const bytes = Buffer.concat([
    Buffer.from(`${HASH}\ntree ${HASH}\nauthor J`),
    Buffer.from([0xf6]),
    Buffer.from('rg Ü <a@b> 5 +0000\ncommitter B <b> 5 +0000\n\n    Gr'),
    Buffer.from([0xc3, 0xbc, 0xdf]),
    Buffer.from(' 🎉\n\0'),
  ]);
  const [row] = parse(bytes);
  assert.equal(row?.author.name, 'J\ufffdrg Ü');
  assert.equal(row?.subject, 'Grü\ufffd 🎉');
});

test('S9: a merged tag or signature is not mistaken for the commit itself; of a repeated header the last counts', () => {
  const headers = [
    `mergetag object ${HASH}`,
    ' type commit',
    ' tagger Eve <eve@x> 1 +0000',
    ' author Eve <eve@x> 1 +0000',
    'gpgsig -----BEGIN PGP SIGNATURE-----',
    ' author Eve <eve@x> 1 +0000',
    ' -----END PGP SIGNATURE-----',
    'parent cccc',
    '',
  ].join('\n');
  const row = parseOne({ headers });
  assert.deepEqual([row.author.name, row.signed, row.parents], ['Ada', true, [PARENT]]);
  assert.equal(parseOne({ headers: 'gpgsig-sha256 x\n' }).signed, true);
  assert.equal(parseOne({ headers: 'gpgsignature x\n' }).signed, false);
  assert.equal(parseOne({ headers: 'author Zed <z> 1 +0000\n' }).author.name, 'Zed');
});

test('S6: the subject is the first paragraph on one line, cut at 1 000 characters', () => {
  const cases: [string, string][] = [
    ['', ''],
    ['    one\n    two\n    \n    body\n', 'one two'],
    ['    one\n    \n', 'one'],
    [`    ${'x'.repeat(1_000_000)}\n`, 'x'.repeat(1000)],
    [`    ${'word\n    '.repeat(300_000)}\n`, 'word '.repeat(200)],
  ];
  for (const [body, subject] of cases) assert.equal(parseOne({ body }).subject, subject);
});

test('S6: co-authors come from the last paragraph only, each once', () => {
  const names = (body: string): string[] => parseOne({ body }).coAuthors.map(person => person.name);
  const trailers = '    Signed-off-by: X <x>\n    Co-authored-by: Eve <e@x>\n    co-AUTHORED-by:Zed <z>\n';
  assert.deepEqual(names(`    s\n    \n${trailers}`), ['Eve', 'Zed']);
  assert.deepEqual(names(`    s\n    \n${trailers}${trailers}`), ['Eve', 'Zed']);
  assert.deepEqual(names(`    s\n    \n${trailers}    \n    \n`), ['Eve', 'Zed']);
  assert.deepEqual(names(`    s\n    \n${trailers}    \n    more\n`), []);
  assert.deepEqual(names(trailers), []);
  assert.deepEqual(names('    s\n    \n    Co-authored-by: nobody\n    Co-authored-by: <>\n'), []);
});

test('S9: a record of any length is parsed in bounded memory, its end included', () => {
  const parser = new CommitParser();
  const rows: CommitRow[] = [];
  parser.push(record({ body: '    subject\n    \n' }).subarray(0, -1), rows);
  const filler = Buffer.from(`    ${'x'.repeat(996)}\n`.repeat(64));
  for (let index = 0; index < 1500; index += 1) parser.push(filler, rows);
  parser.push(Buffer.from('    \n    Co-authored-by: Eve <e@x>\n\0'), rows);
  parser.push(record({ body: '    next\n' }), rows);
  assert.deepEqual(
    rows.map(row => [row.subject, row.coAuthors.length]),
    [
      ['subject', 1],
      ['next', 0],
    ],
  );
});

test('S9: a header that never ends yields a commit without a subject', () => {
  const parser = new CommitParser();
  const rows: CommitRow[] = [];
  parser.push(record().subarray(0, -12), rows);
  const filler = Buffer.from(` ${'x'.repeat(998)}\n`.repeat(64));
  for (let index = 0; index < 100; index += 1) parser.push(filler, rows);
  parser.push(Buffer.from('\n    late\n\0'), rows);
  assert.deepEqual(
    rows.map(row => [row.hash, row.author.name]),
    [[HASH, 'Ada']],
  );
});

test('commits are the same however the output is cut into chunks', () => {
  const line = fc.string({ unit: 'binary', maxLength: 12 }).map(text => text.replace(/[\0\n]/g, '.'));
  const commit = fc.record({
    author: line.map(text => `${text} <${text}> 12 +0100`),
    headers: fc.constantFrom('', 'gpgsig a\n b\n', 'encoding x\n'),
    body: fc
      .array(line, { maxLength: 6 })
      .map(lines => lines.map(text => `    ${text.trimEnd()}\n`).join('')),
  });
  fc.assert(
    fc.property(fc.array(commit, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(200)), (commits, cuts) => {
      const whole = Buffer.concat(commits.map(record));
      const chunks: Buffer[] = [];
      let from = 0;
      for (const cut of cuts) {
        chunks.push(whole.subarray(from, from + cut));
        from = Math.min(from + cut, whole.length);
      }
      chunks.push(whole.subarray(from));
      assert.deepEqual(
        parse(...chunks),
        commits.flatMap(each => parse(record(each))),
      );
    }),
    { numRuns: 200 },
  );
});
