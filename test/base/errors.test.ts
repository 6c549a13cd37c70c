import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  asSluiceError,
  CATALOGUE,
  type ErrorRecord,
  fromErrorRecord,
  SluiceError,
  toErrorRecord,
} from '../../src/base/errors.ts';

test('every code of the catalogue says what it means and what to do, in sentences (T-1)', () => {
  for (const [code, { meaning, remedy, status }] of Object.entries(CATALOGUE)) {
    assert.match(code, /^[a-z]+(_[a-z]+)*$/);
    assert.match(meaning, /^(\p{Lu}|git).*\.$/u, code);
    assert.match(remedy, /^\p{Lu}.*\.$/u, code);
    assert.ok(status >= 400 && status < 600, code);
  }
});

test('an error takes hint and retry class from the catalogue unless it knows better', () => {
  const plain = new SluiceError('git_failed', 'exit 128');
  assert.equal(plain.answer, 'retry');
  assert.equal(plain.hint, CATALOGUE.git_failed.remedy);
  assert.equal(plain.exitCode, 1);
  assert.equal(plain.status, 502);
  const better = new SluiceError('git_failed', 'exit 128', {
    answer: 'give-up',
    hint: 'Give up.',
    cause: 'x',
  });
  assert.deepEqual([better.answer, better.hint, better.cause], ['give-up', 'Give up.', 'x']);
});

test('an error survives being stored and read back', () => {
  const error = new SluiceError('timed_out', 'silent for 60s', {
    operation: 'fetch',
    subject: 'https://a/b',
    hint: 'Wait.',
  });
  const record = JSON.parse(JSON.stringify(toErrorRecord(error))) as ErrorRecord;
  assert.deepEqual(toErrorRecord(fromErrorRecord(record)), toErrorRecord(error));
});

test('a stored code that this version does not know becomes internal, with its own words', () => {
  for (const code of ['from_the_future', 'toString', '__proto__']) {
    const record = { code, message: 'm', hint: 'h', answer: 'retry' } as unknown as ErrorRecord;
    const { code: known, message, hint, answer } = fromErrorRecord(record);
    assert.deepEqual([known, message, hint, answer], ['internal', 'm', 'h', 'retry']);
  }
});

test('whatever was thrown gets a code (T-1)', () => {
  const system = (code: string): Error => Object.assign(new Error(`${code}: oh`), { code });
  assert.equal(asSluiceError(system('ENOSPC')).code, 'disk_full');
  assert.equal(asSluiceError(system('EACCES')).code, 'disk_failed');
  assert.equal(asSluiceError(AbortSignal.abort().reason).code, 'cancelled');
  assert.equal(asSluiceError(new DOMException('late', 'TimeoutError')).code, 'timed_out');
  assert.equal(asSluiceError('a string').message, 'a string');
  assert.equal(asSluiceError(new RangeError('ours')).answer, 'retry');
  assert.equal(asSluiceError(new TypeError('')).message, 'TypeError');
  const known = new SluiceError('usage', 'x');
  assert.equal(asSluiceError(known), known);
  assert.equal(asSluiceError(new Error('x'), { operation: 'open' }).operation, 'open');
});
