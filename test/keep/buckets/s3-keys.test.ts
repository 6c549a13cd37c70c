import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SluiceError } from '../../../src/base/errors.ts';
import type { LentKey } from '../../../src/keep/buckets/credentials/provided-key.ts';
import { Secret } from '../../../src/keep/buckets/credentials/secret.ts';
import { AnswerError } from '../../../src/keep/buckets/s3/answer.ts';
import { Keys, type KeysOptions } from '../../../src/keep/buckets/s3/keys.ts';
import type { S3Profile } from '../../../src/keep/buckets/s3/profile.ts';
import { profileFor, storeFor } from '../../support/s3-profile.ts';
import { startS3Server, TEST_CREDENTIAL } from '../../support/s3-server/server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const PLACE = { endpoint: 'http://h', region: 'us-east-1', credential: TEST_CREDENTIAL };
const MINUTE_MS = 60_000;

const held = (name: string): S3Profile => profileFor(PLACE, { accessKeyId: name });
const lender = (sections: string): S3Profile =>
  profileFor(PLACE, {
    accessKeyId: undefined,
    secretAccessKey: undefined,
    provided: { sections: new Secret(sections) },
  });

function refusal(code: string | undefined, status = 403): AnswerError {
  return new AnswerError({
    status,
    code,
    speaker: code === undefined ? 'marks' : 'document',
  } as ConstructorParameters<typeof AnswerError>[0]);
}

/** Keys with a clock that stands still, a file that can be rewritten, and a source that lends for an hour. */
function rig(profile: S3Profile, options: Partial<KeysOptions> = {}) {
  const clock = new VirtualClock();
  const file = { profile: profile as S3Profile | undefined, reads: 0 };
  const source = { asked: 0, fails: false };
  const keys = new Keys(profile, {
    clock,
    reread: async () => {
      file.reads += 1;
      return file.profile;
    },
    provide: async (): Promise<LentKey> => {
      source.asked += 1;
      if (source.fails) throw new SluiceError('bucket_auth_failed', 'no key');
      const key = { accessKeyId: `lent${source.asked}`, secretAccessKey: new Secret('s') };
      return { key, expiresAtMs: clock.nowMs() + 60 * MINUTE_MS };
    },
    ...options,
  });
  let changes = 0;
  keys.onChange(() => {
    changes += 1;
  });
  /** A request that the server takes from `good` only. */
  const send = (good: string, error = refusal('InvalidAccessKeyId')) => {
    const tried: string[] = [];
    const sent = keys.use(async ({ accessKeyId }) => {
      tried.push(accessKeyId);
      if (accessKeyId !== good) throw error;
      return accessKeyId;
    });
    return { sent, tried };
  };
  return { clock, file, source, keys, send, changes: () => changes };
}

test('a refused key is read anew once: another goes once more, the same lets the refusal stand (D-145)', async () => {
  const { file, send, clock, changes } = rig(held('A'));
  const unchanged = send('B');
  await assert.rejects(unchanged.sent, AnswerError);
  assert.deepEqual([unchanged.tried, file.reads, changes()], [['A'], 1, 0]);
  await clock.advance(1000);
  file.profile = held('B');
  const renewed = send('B');
  assert.equal(await renewed.sent, 'B');
  assert.deepEqual([renewed.tried, file.reads, changes()], [['A', 'B'], 2, 1]);
  await clock.advance(1000);
  file.profile = held('C');
  const wrong = send('D');
  await assert.rejects(wrong.sent, AnswerError);
  assert.deepEqual(wrong.tried, ['B', 'C']);
});

test('what speaks of the key has it read anew, and nothing else (D-145)', async () => {
  const codes: [string | undefined, number, boolean][] = [
    ...['ExpiredToken', 'TokenRefreshRequired', 'RequestExpired', 'InvalidToken', 'InvalidAccessKeyId'].map(
      (code): [string, number, boolean] => [code, 400, true],
    ),
    ...['SignatureDoesNotMatch', 'AccessDenied', 'AllAccessDisabled'].map(
      (code): [string, number, boolean] => [code, 403, true],
    ),
    [undefined, 403, true],
    [undefined, 401, true],
    [undefined, 404, false],
    [undefined, 503, false],
    ['SlowDown', 503, false],
    ['QuotaExceeded', 403, false],
    ['InvalidRequest', 400, false],
    ['RequestTimeTooSkewed', 403, false],
  ];
  for (const [code, status, isAbout] of codes) {
    const { file, send } = rig(held('A'));
    await assert.rejects(send('B', refusal(code, status)).sent, AnswerError);
    assert.equal(file.reads, isAbout ? 1 : 0, `${code} ${status}`);
  }
});

test('a hundred refusals at once read the file once (D-145)', async () => {
  const { file, send } = rig(held('A'));
  file.profile = held('B');
  const all = Array.from({ length: 100 }, () => send('B'));
  assert.deepEqual(new Set(await Promise.all(all.map(({ sent }) => sent))), new Set(['B']));
  assert.equal(file.reads, 1);
});

test('a file that is gone or half written leaves the key as it is (D-145)', async () => {
  for (const reread of [async () => undefined, async () => Promise.reject(new Error('half written'))]) {
    const { send } = rig(held('A'), { reread });
    await assert.rejects(send('B').sent, AnswerError);
    assert.equal(await send('A').sent, 'A');
  }
  const { file, send } = rig(held('A'));
  file.profile = { ...held('B'), endpoint: 'http://elsewhere' };
  await assert.rejects(send('B').sent, AnswerError);
});

test('a lent key is kept until shortly before it expires, and renewed without news (D-144)', async () => {
  const { clock, source, keys, changes } = rig(lender('x'));
  const [one, other] = await Promise.all([keys.current(), keys.current()]);
  assert.deepEqual([one.accessKeyId, other.accessKeyId, source.asked], ['lent1', 'lent1', 1]);
  await clock.advance(54 * MINUTE_MS);
  assert.equal((await keys.current()).accessKeyId, 'lent1');
  await clock.advance(2 * MINUTE_MS);
  assert.equal((await keys.current()).accessKeyId, 'lent2');
  // The same to everybody: what failed for want of a permission is not sent again every hour.
  assert.equal(changes(), 0);
});

test('a source that fails leaves a key that holds in use, and is not asked for each file after it (D-144)', async () => {
  const { clock, source, keys, changes } = rig(lender('x'));
  await keys.current();
  source.fails = true;
  await clock.advance(56 * MINUTE_MS);
  assert.equal((await keys.current()).accessKeyId, 'lent1');
  await clock.advance(5 * MINUTE_MS);
  await assert.rejects(keys.current(), { code: 'bucket_auth_failed' });
  const { asked } = source;
  for (let file = 0; file < 10; file += 1) await assert.rejects(keys.current());
  assert.equal(source.asked, asked);
  source.fails = false;
  await clock.advance(6000);
  assert.match((await keys.current()).accessKeyId, /^lent/);
  assert.equal(changes(), 1);
});

test('a lent key that is refused is asked for anew, but not at every refusal (D-144)', async () => {
  const { clock, source, send, changes } = rig(lender('x'));
  await send('lent1').sent;
  await clock.advance(MINUTE_MS);
  assert.equal(await send('lent2').sent, 'lent2');
  assert.equal(changes(), 1);
  await assert.rejects(send('lent3').sent, AnswerError);
  assert.equal(source.asked, 2);
});

test('a file that names another source, or a key instead of one, is gone by at once (D-145)', async () => {
  const { keys, changes } = rig(lender('x'));
  assert.equal((await keys.current()).accessKeyId, 'lent1');
  keys.adopt(lender('x'));
  assert.equal((await keys.current()).accessKeyId, 'lent1');
  keys.adopt(lender('y'));
  assert.equal((await keys.current()).accessKeyId, 'lent2');
  keys.adopt(held('A'));
  assert.equal((await keys.current()).accessKeyId, 'A');
  assert.equal(changes(), 2);
});

async function serverWith(t: TestContext, name: string) {
  const server = await startS3Server({
    credentials: [{ ...TEST_CREDENTIAL, accessKeyId: name, buckets: ['bucket'] }],
    buckets: ['bucket'],
  });
  t.after(() => server.stop());
  return server;
}

test('every kind of request goes by the renewed key: small, streamed, parts, the control calls (D-145)', async t => {
  const calls: ((store: ReturnType<typeof storeFor>) => Promise<unknown>)[] = [
    store => store.putObject({ bucket: 'bucket', key: 'small' }, { body: Buffer.from('x') }),
    store => store.putObject({ bucket: 'bucket', key: 'large' }, { body: Buffer.alloc(3 * 2 ** 20) }),
    store => store.headObject({ bucket: 'bucket', key: 'none' }),
    store => store.headBucket('bucket'),
    store => store.createUpload({ bucket: 'bucket', key: 'parts' }),
  ];
  for (const call of calls) {
    const server = await serverWith(t, 'NEW');
    const store = storeFor(
      server,
      { accessKeyId: 'OLD' },
      { reread: async () => profileFor(server, { accessKeyId: 'NEW' }) },
    );
    t.after(() => store.close());
    await call(store);
    await call(store);
  }
});

test('whoever waits for a key goes with its signal, and the question ends with the last (T-661)', async () => {
  const asked: AbortSignal[] = [];
  const lent = Promise.withResolvers<LentKey>();
  const { keys } = rig(lender('x'), {
    provide: async (_, { signal }) => {
      if (signal) asked.push(signal);
      return lent.promise;
    },
  });
  const [one, other] = [new AbortController(), new AbortController()];
  const uses = [one, other].map(({ signal }) => keys.use(async ({ accessKeyId }) => accessKeyId, signal));
  one.abort(new Error('stopped'));
  await assert.rejects(uses[0] as Promise<string>, /stopped/);
  assert.deepEqual(
    asked.map(({ aborted }) => aborted),
    [false],
  );
  other.abort(new Error('stopped'));
  await assert.rejects(uses[1] as Promise<string>, /stopped/);
  assert.deepEqual(
    asked.map(({ aborted }) => aborted),
    [true],
  );
  // What was ended is no failure of the source: the next one asks it.
  lent.resolve({ key: { accessKeyId: 'lent', secretAccessKey: new Secret('s') }, expiresAtMs: undefined });
  assert.equal((await keys.current()).accessKeyId, 'lent');
  assert.equal(asked.length, 2);
});
