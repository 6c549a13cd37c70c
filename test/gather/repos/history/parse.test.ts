import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CommitParser } from '../../../../src/gather/repos/history/parse.ts';
import { parsePersonIdentity } from '../../../../src/gather/repos/history/signature.ts';
import type { CommitRow } from '../../../../src/keep/store/types.ts';

const HASH = 'a'.repeat(40);
const PARENT = 'b'.repeat(40);

interface Parts {
  readonly author?: string;
  readonly headers?: string;
  readonly body?: string;
}

/** What `git cat-file --batch` writes of an object: bytes as latin1, or text. */
function object(content: Buffer, id = HASH): Buffer {
  return Buffer.concat([Buffer.from(`${id} commit ${content.length}\n`), content, Buffer.from('\n')]);
}

function record({ author = 'Ada <a@b> 5 +0100', headers = '', body = 'subject\n' }: Parts = {}): Buffer {
  const head = `tree ${HASH}\nparent ${PARENT}\nauthor ${author}\ncommitter Bob <b@c> 6 -0230\n${headers}`;
  return object(Buffer.from(`${head}\n${body}`, 'utf8'));
}

function parse(...chunks: Buffer[]): CommitRow[] {
  const rows: CommitRow[] = [];
  const parser = new CommitParser(row => rows.push(row));
  for (const chunk of chunks) parser.push(chunk);
  assert.equal(parser.incomplete, false);
  return rows;
}

function parseOne(parts: Parts): CommitRow {
  const [row] = parse(record(parts));
  assert.ok(row);
  return row;
}

test('a plain commit (R-21)', () => {
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
    message: undefined,
    trailers: undefined,
    signed: false,
    coAuthors: [],
  });
});

test('dates of any size and zones of any width are clamped (R-25)', () => {
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

test('identities are split as git splits them, whatever is in them (R-25)', () => {
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
  for (const [text, name, email] of cases) assert.deepEqual(parsePersonIdentity(text), { name, email }, text);
  const odd = parseOne({ author: 'Ada <a@b>> 9 +0000' });
  assert.deepEqual([odd.author.email, odd.authoredAt], ['a@b', 9]);
});

test('the same identity is the same object, also from different chunks (R-25)', () => {
  const [first, second] = parse(record(), record());
  assert.equal(first?.author, second?.author);
});

test('bytes that are not UTF-8 stand by their numbers, valid UTF-8 stays (R-25)', () => {
  const bytes = Buffer.concat([
    Buffer.from(`tree ${HASH}\nauthor J`),
    Buffer.from([0xf6]),
    Buffer.from('rg Ü <a@b> 5 +0000\ncommitter B <b> 5 +0000\n\nGr'),
    Buffer.from([0xc3, 0xbc, 0xdf]),
    Buffer.from(' 🎉\n'),
  ]);
  const [row] = parse(object(bytes));
  assert.equal(row?.author.name, 'J\\xF6rg Ü');
  assert.equal(row?.subject, 'Grü\\xDF 🎉');
});

test('a merged tag or signature is not mistaken for the commit itself; of a repeated header the last counts (R-25)', () => {
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

test('an encoding that the header names is decoded as git does it, and left alone where it is none (R-25)', () => {
  const encoded = (encoding: string, bytes: number[]): CommitRow => {
    const head = Buffer.from(`tree ${HASH}\nauthor A`);
    const rest = Buffer.from(` <a@b> 5 +0000\ncommitter B <b> 5 +0000\nencoding ${encoding}\n\n`);
    const [row] = parse(object(Buffer.concat([head, Buffer.from(bytes), rest, Buffer.from(bytes)])));
    assert.ok(row);
    assert.equal(row.author.name, `A${row.subject}`, 'header and message alike');
    return row;
  };
  const cases: [string, number[], string][] = [
    ['ISO-8859-1', [0xe4, 0x85], 'ä\u0085'],
    ['iso8859-15', [0xa4], '€'],
    ['koi8-r', [0xc1], 'а'],
    ['EUC-JP', [0xa4, 0xa2], 'あ'],
    ['Shift_JIS', [0x82, 0xa0], 'あ'],
    ['cp949', [0xb0, 0xa1], '가'],
    ['GB18030', [0xc4, 0xe3], '你'],
    ['UTF-8', [0xe4], '\\xE4'],
    ['no-such-thing', [0xe4], '\\xE4'],
    ['EUC-JP', [0xff], '\\xFF'],
  ];
  for (const [encoding, bytes, text] of cases) assert.equal(encoded(encoding, bytes).subject, text, encoding);
});

test('a commit ends at its first NUL, as for git; the next one is whole (R-25)', () => {
  const [cut, next] = parse(
    record({ body: 'one\0two\n' }),
    Buffer.concat([record({ body: 'three\n' }), record({ body: 'four\0\n' })]),
  );
  assert.deepEqual([cut?.subject, next?.subject], ['one', 'three']);
});

test('an object that git has not is an error that names it (R-10)', () => {
  assert.throws(() => parse(record(), Buffer.from(`${PARENT} missing\n`)), {
    code: 'repository_corrupt',
    message: `object ${PARENT} missing`,
  });
});

test('the subject is the first paragraph on one line, cut at 1 000 characters (R-21)', () => {
  const cases: [string, string][] = [
    ['', ''],
    ['one\ntwo\n\nbody\n', 'one two'],
    ['one \t\n two\r\n \nbody\n', 'one  two'],
    ['\n  \n\none\n\ntwo\n', 'one'],
    ['one', 'one'],
    ['one\n\n', 'one'],
    [`${'x'.repeat(1_000_000)}\n`, 'x'.repeat(1000)],
    [`${'word\n'.repeat(300_000)}\n`, 'word '.repeat(200)],
  ];
  for (const [body, subject] of cases) assert.equal(parseOne({ body }).subject, subject);
});

test('co-authors come from the last paragraph only, each once (R-21)', () => {
  const names = (body: string): string[] => parseOne({ body }).coAuthors.map(person => person.name);
  const trailers = 'Signed-off-by: X <x>\nCo-authored-by: Eve <e@x>\nco-AUTHORED-by:Zed <z>\n';
  assert.deepEqual(names(`s\n\n${trailers}`), ['Eve', 'Zed']);
  assert.deepEqual(names(`s\n\n${trailers.trimEnd()}`), ['Eve', 'Zed']);
  assert.deepEqual(names(`s\n\n${trailers}${trailers}`), ['Eve', 'Zed']);
  assert.deepEqual(names(`s\n\n${trailers}\n\n`), ['Eve', 'Zed']);
  assert.deepEqual(names(`s\n\n${trailers}\nmore\n`), []);
  assert.deepEqual(names(`s\n\n${trailers} \t\nmore\n`), []);
  assert.deepEqual(names(`s\n \n${trailers}`), ['Eve', 'Zed']);
  assert.deepEqual(names(trailers), []);
  assert.deepEqual(names('s\n\nCo-authored-by: nobody\nCo-authored-by: <>\n'), []);
});

/** An object of which `bytes` follow what is pushed first, in pieces. */
function pushLarge(parser: CommitParser, start: string, filler: string, end: string): void {
  const pieces = Math.ceil(96_000_000 / filler.length);
  const bytes = start.length + pieces * filler.length + end.length;
  parser.push(Buffer.from(`${HASH} commit ${bytes}\n${start}`));
  const piece = Buffer.from(filler);
  for (let index = 0; index < pieces; index += 1) parser.push(piece);
  parser.push(Buffer.from(`${end}\n`));
}

const HEAD = `tree ${HASH}\nauthor Ada <a@b> 5 +0100\ncommitter Bob <b@c> 6 -0230\n`;

test('a record of any length is parsed in bounded memory, its end included (R-25, T-17)', () => {
  const rows: CommitRow[] = [];
  const parser = new CommitParser(row => rows.push(row));
  const filler = `${'x'.repeat(999)}\n`.repeat(64);
  pushLarge(parser, `${HEAD}\nsubject\n\n`, filler, '\nCo-authored-by: Eve <e@x>\n');
  parser.push(record({ body: 'next\n' }));
  assert.deepEqual(
    rows.map(row => [row.subject, row.coAuthors.length]),
    [
      ['subject', 1],
      ['next', 0],
    ],
  );
});

test('a header that never ends yields a commit without a subject (R-25)', () => {
  const rows: CommitRow[] = [];
  const parser = new CommitParser(row => rows.push(row));
  pushLarge(parser, HEAD, ` ${'x'.repeat(998)}\n`.repeat(64), '\nlate\n');
  assert.deepEqual(
    rows.map(row => [row.hash, row.author.name]),
    [[HASH, 'Ada']],
  );
});

test('commits are the same however the output is cut into chunks', () => {
  const line = fc.string({ unit: 'binary', maxLength: 12 }).map(text => text.replace(/\n/g, '.'));
  const commit = fc.record({
    author: line.map(text => `${text} <${text}> 12 +0100`),
    headers: fc.constantFrom('', 'gpgsig a\n b\n', 'encoding x\n', 'encoding koi8-r\n'),
    body: fc.array(line, { maxLength: 6 }).map(lines => lines.map(text => `${text}\n`).join('')),
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

test('two names and two e-mails that are not UTF-8 stay two (R-107)', () => {
  const commits = [0xe8, 0xe9].map(byte => {
    const who = Buffer.concat([
      Buffer.from('author B'),
      Buffer.from([byte]),
      Buffer.from(' <b'),
      Buffer.from([byte]),
    ]);
    const rest = Buffer.from(`@x> 5 +0000\ncommitter B <b@x> 5 +0000\n\nm\n`);
    return object(Buffer.concat([Buffer.from(`tree ${HASH}\n`), who, rest]));
  });
  const authors = parse(Buffer.concat(commits)).map(({ author }) => author);
  assert.deepEqual(authors, [
    { name: 'B\\xE8', email: 'b\\xE8@x' },
    { name: 'B\\xE9', email: 'b\\xE9@x' },
  ]);
});

test('whole messages are kept where the subject is not all, and trailers as git finds them (R-113)', () => {
  const said = (body: string): readonly unknown[] => {
    const { subject, message, trailers } = parseOne({ body });
    return [subject, message, trailers === undefined ? undefined : JSON.parse(trailers)];
  };
  assert.deepEqual(said('one line\n'), ['one line', undefined, undefined]);
  assert.deepEqual(said('\n\nfirst\nsecond\n'), ['first second', 'first\nsecond', undefined]);
  const signed = 'Fix: it\n\nWhy: said at length.\nAnd more.\n\nSigned-off-by: Ada <ada@x>\nRef: a\n  b\n';
  assert.deepEqual(said(signed), [
    'Fix: it',
    signed.trimEnd(),
    [
      ['Signed-off-by', 'Ada <ada@x>'],
      ['Ref', 'a b'],
    ],
  ]);
  const some = 's\n\nprose here\nmore prose\n(cherry picked from commit 1)\nAcked-by: B\n';
  assert.deepEqual(said(some)[2], [['Acked-by', 'B']]);
  assert.deepEqual(said('s\n\nprose\nKey: value\n')[2], undefined, 'prose with a colon in it');
  assert.deepEqual(said('Key: value\n')[2], undefined, 'one paragraph has none');
  const [subject, message] = said(`${'x'.repeat(3000)}\n`);
  assert.deepEqual([String(subject).length, String(message).length], [1000, 3000]);
  assert.equal(String(said(`s\n\n${'y'.repeat(100_000)}\n`)[1]).length, 65_536);
});
