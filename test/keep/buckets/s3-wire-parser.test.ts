import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerParser } from '../../../src/keep/buckets/s3/wire/answer-parser.ts';

interface Read {
  readonly heads: readonly (readonly [status: number, headers: Readonly<Record<string, unknown>>])[];
  readonly body: string;
  readonly hasEnded: boolean;
  /** Whether all belonged to the answer. */
  readonly isWhole: boolean;
  readonly mayGoOn: boolean;
}

/** Reads an answer that comes in pieces of so many bytes, all in one buffer that is used again. */
function read(text: string, pieceBytes: number, { isHead = false, isClosed = false } = {}): Read {
  const parser = new AnswerParser();
  const heads: [number, Record<string, unknown>][] = [];
  const body: string[] = [];
  let hasEnded = false;
  parser.expect(
    {
      onHead: (status, headers) => heads.push([status, headers]),
      onData: chunk => body.push(chunk.toString('latin1')),
      onEnd: () => {
        hasEnded = true;
      },
    },
    isHead,
  );
  const room = Buffer.alloc(pieceBytes);
  let isWhole = true;
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const length = bytes.copy(room, 0, at, at + pieceBytes);
    isWhole = parser.feed(room.subarray(0, length)) && isWhole;
  }
  if (isClosed) parser.end();
  return { heads, body: body.join(''), hasEnded, isWhole, mayGoOn: parser.mayGoOn };
}

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-More: 1\r\n\r\n`;

test('an answer is read alike in pieces of any size (D-700)', () => {
  const whole =
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 5\r\nX: 1\r\nx: 2\r\n\r\nhello';
  for (const pieceBytes of [1, 2, 3, 7, 1000]) {
    const plain = read(whole, pieceBytes);
    assert.deepEqual(
      plain.heads.map(([status]) => status),
      [100, 200],
    );
    assert.deepEqual(plain.heads[1]?.[1], { etag: '"a"', 'content-length': '5', x: ['1', '2'] });
    assert.deepEqual([plain.body, plain.hasEnded, plain.isWhole, plain.mayGoOn], ['hello', true, true, true]);
    const chunked = read(CHUNKED, pieceBytes);
    assert.deepEqual([chunked.body, chunked.hasEnded, chunked.isWhole], ['hello world', true, true]);
  }
});

test('an answer ends where HTTP says, and the connection goes on only then (D-700)', () => {
  const length = `${OK}Content-Length: 5\r\n\r\n`;
  const cases: [what: string, read: Read, expected: Partial<Read>][] = [
    ['HEAD', read(length, 99, { isHead: true }), { hasEnded: true, mayGoOn: true, isWhole: true }],
    ['a body after HEAD', read(`${length}hello`, 99, { isHead: true }), { hasEnded: true, isWhole: false }],
    ['a half body', read(`${length}hel`, 99, { isClosed: true }), { hasEnded: false }],
    [
      'until the connection ends',
      read(`${OK}\r\nhel`, 99, { isClosed: true }),
      { hasEnded: true, mayGoOn: false, body: 'hel' },
    ],
    ['not before', read(`${OK}\r\nhel`, 99), { hasEnded: false }],
    [
      'close',
      read(`${OK}Connection: close\r\nContent-Length: 0\r\n\r\n`, 99),
      { hasEnded: true, mayGoOn: false },
    ],
    [
      'HTTP/1.0',
      read('HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', 99),
      { hasEnded: true, mayGoOn: false },
    ],
    ['204', read('HTTP/1.1 204 No Content\r\n\r\n', 99), { hasEnded: true, mayGoOn: true }],
    ['half a chunk', read(CHUNKED.slice(0, -30), 99, { isClosed: true }), { hasEnded: false }],
  ];
  for (const [what, got, expected] of cases)
    for (const [name, value] of Object.entries(expected))
      assert.equal(got[name as keyof Read], value, `${what}: ${name}`);
});

test('what is ambiguous or no HTTP is refused as soon as it shows (D-700)', () => {
  const broken = [
    'SSH-2.0-OpenSSH',
    'HTTP/1.1 099 Low\r\n\r\n',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1 101 Switching\r\n\r\n',
    `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`,
    `${OK}Content-Length: -5\r\n\r\n`,
    `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
    'HTTP/1.1 200 OK\nETag: "x"\nContent-Length: 0\n\n',
    'HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n',
    `${OK}no colon\r\n\r\n`,
    `${OK}a b: c\r\n\r\n`,
    `${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n`,
    `${OK}X: ${'a'.repeat(20_000)}`,
  ];
  for (const text of broken)
    assert.throws(() => read(text, 99_999), { name: 'HTTPParserError' }, JSON.stringify(text.slice(0, 60)));
});
