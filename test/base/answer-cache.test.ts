import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheAnswer } from '../../src/base/answer-cache.ts';

test('an answer is given again for fifty times as long as it took, one question at a time, errors never', async () => {
  let nowMs = 0;
  const asked: PromiseWithResolvers<string>[] = [];
  const ask = cacheAnswer(
    () => {
      const question = Promise.withResolvers<string>();
      asked.push(question);
      return question.promise;
    },
    { monotonicMs: () => nowMs },
  );
  const [one, two] = [ask(), ask()];
  assert.equal(asked.length, 1, 'those who come meanwhile wait for the same answer');
  nowMs = 100;
  asked[0]?.resolve('first');
  assert.deepEqual(await Promise.all([one, two]), ['first', 'first']);
  nowMs = 100 + 4999;
  assert.equal(await ask(), 'first');
  nowMs += 1;
  const third = ask();
  assert.equal(asked.length, 2);
  asked[1]?.reject(new Error('busy'));
  await assert.rejects(third, /busy/);
  const fourth = ask();
  assert.equal(asked.length, 3);
  asked[2]?.resolve('next');
  assert.equal(await fourth, 'next');
});

test('a change makes an answer another one at once, however long it took to find', async () => {
  let nowMs = 0;
  let changes = 0;
  let asked = 0;
  const monotonicMs = (): number => {
    nowMs += 100;
    return nowMs;
  };
  const answer = async (): Promise<string> => {
    asked += 1;
    return `answer ${asked}`;
  };
  const ask = cacheAnswer(answer, { monotonicMs }, 0, () => changes);
  assert.equal(await ask(), 'answer 1');
  assert.equal(await ask(), 'answer 1');
  changes += 1;
  assert.equal(await ask(), 'answer 2');
  assert.equal(await ask(), 'answer 2');
});
