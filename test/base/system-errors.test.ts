import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import fc from 'fast-check';
import { asFileError, asSluiceError } from '../../src/base/errors.ts';
import { systemFailureOf } from '../../src/base/system-errors.ts';

/** As Node raises it where it has a name for the number. */
function named(code: string): Error {
  const text = `${code}: words, open '/mnt/nas/x'`;
  return Object.assign(new Error(text), { code, syscall: 'open', path: '/mnt/nas/x' });
}

/** As Node raises it where it has none. */
function numbered(number: number): Error {
  const code = `Unknown system error -${number}`;
  const text = `${code}: ${code}, open '/mnt/nas/x'`;
  return Object.assign(new Error(text), { code, errno: -number, syscall: 'open', path: '/mnt/nas/x' });
}

/** What each failure of a file or a mounted folder says: of the place, of the disk's room, of this machine, or of the item. */
const PLACE =
  `EIO ENOTCONN ESTALE EHOSTDOWN EHOSTUNREACH ENETUNREACH ENETDOWN ETIMEDOUT ECONNABORTED ECONNREFUSED ECONNRESET
  EPIPE EREMOTEIO ENODEV ENXIO ENOMEDIUM EROFS ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED ENOLINK
  ECOMM EPROTO EBADMSG EUCLEAN ENOLCK EMEDIUMTYPE EHWPOISON ESHUTDOWN EREMCHG`.split(/\s+/);
const ROOM = ['ENOSPC', 'EDQUOT'];
const SHORT = ['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS'];
const ITEM =
  'EBUSY EAGAIN EINTR EACCES EPERM ETXTBSY EBADF ENOTDIR EISDIR ENOENT ECANCELED EDEADLK EOVERFLOW EINVAL EFBIG ENAMETOOLONG ELOOP'.split(
    ' ',
  );

test('errors of files and mounted folders hold their place or are tried again, never a fault of ours (T-120)', () => {
  for (const [codes, code, answer, holds] of [
    [PLACE, 'disk_failed', 'hold', 'disk'],
    [ROOM, 'disk_full', 'hold', 'disk'],
    [SHORT, 'machine_short', 'hold', 'disk'],
    [ITEM, 'disk_failed', 'retry', undefined],
  ] as const) {
    for (const name of codes) {
      const error = asSluiceError(named(name));
      assert.deepEqual([error.code, error.answer, error.holds], [code, answer, holds], name);
      assert.match(error.message, new RegExp(`\\b${name}\\b`));
    }
  }
});

test('what Node has no name for is told by its number (T-120)', {
  skip: process.platform !== 'linux',
}, () => {
  for (const [number, name, code] of [
    [116, 'ESTALE', 'disk_failed'],
    [122, 'EDQUOT', 'disk_full'],
    [117, 'EUCLEAN', 'disk_failed'],
    [123, 'ENOMEDIUM', 'disk_failed'],
    [126, 'ENOKEY', 'disk_failed'],
    [37, 'ENOLCK', 'disk_failed'],
    [528, 'EJUKEBOX', 'disk_failed'],
  ] as const) {
    const error = asSluiceError(numbered(number));
    assert.deepEqual([error.code, error.answer, error.holds], [code, 'hold', 'disk'], name);
    assert.match(error.message, new RegExp(`(^|: )/mnt/nas/x: cannot open it: [a-zA-Z].*\\(${name}\\)$`));
    assert.doesNotMatch(error.message, /nknown system error/);
  }
  const plain = Object.assign(new Error('UNKNOWN: unknown error, read'), { code: 'UNKNOWN', errno: -4094 });
  assert.deepEqual([asSluiceError(plain).code, asSluiceError(plain).answer], ['disk_failed', 'hold']);
});

test('every number of this system, and any other, ends nothing (T-120)', () => {
  for (const [name, number] of Object.entries(constants.errno)) {
    for (const error of [asSluiceError(named(name)), asSluiceError(numbered(number))]) {
      assert.ok(error.answer === 'hold' || error.answer === 'retry', `${name}: ${error.answer}`);
      assert.match(error.code, /^(disk_failed|disk_full|machine_short)$/, name);
    }
  }
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2999 }), number => {
      const error = asSluiceError(numbered(number));
      assert.ok(error.answer === 'hold' || error.answer === 'retry');
      assert.notEqual(error.code, 'internal');
      assert.doesNotMatch(error.message, /\n|nknown system/);
    }),
  );
});

test('a number of the network speaks of the far side, unless a file was worked with (T-120)', () => {
  const socket = (code: string): Error =>
    Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect', address: '10.0.0.1' });
  const bare = (code: string): Error => Object.assign(new Error(`read ${code}`), { code, syscall: 'read' });
  for (const code of ['ECONNREFUSED', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EPERM', 'EPROTO'])
    assert.equal(asSluiceError(socket(code)).code, 'host_unreachable', code);
  for (const code of ['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS'])
    assert.equal(asSluiceError(socket(code)).code, 'machine_short', code);
  for (const code of ['ECONNRESET', 'EPIPE', 'ENOTCONN'])
    assert.equal(asSluiceError(bare(code)).code, 'connection_lost', code);
  assert.equal(asFileError(bare('ENOTCONN')).code, 'disk_failed');
  assert.equal(asFileError(bare('ETIMEDOUT')).holds, 'disk');
  assert.equal(
    asSluiceError(Object.assign(new Error('x'), { code: 'ENOTFOUND', errno: -3008 })).code,
    'host_unknown',
  );
});

test('a failure of the system is found in what others were wrapped around (T-120)', () => {
  const wrapped = new TypeError('fetch failed', {
    cause: new AggregateError([named('ESTALE')], 'all failed'),
  });
  assert.equal(asSluiceError(wrapped).code, 'disk_failed');
  const loop = new Error('x');
  loop.cause = loop;
  assert.equal(systemFailureOf(loop), undefined);
  assert.equal(asSluiceError(loop).code, 'internal');
  assert.equal(asSluiceError(new RangeError('ours')).code, 'internal');
  assert.equal(
    asSluiceError(Object.assign(new Error('x'), { code: 'ERR_INVALID_ARG_TYPE' })).code,
    'internal',
  );
});
