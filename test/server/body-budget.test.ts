import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Context } from 'hono';
import { MAX_JSON_DEPTH, parseBoundedJson } from '../../src/base/bounded-json.ts';
import { BodyBudget, senderOf } from '../../src/server/body-budget.ts';

const KIB = 1024;

/** A request from an address with a body that comes as the test says. */
function request(remoteAddress: string) {
  let push: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: controller => {
      push = controller;
    },
  });
  const raw = new Request('http://localhost/', { method: 'POST', body, duplex: 'half' } as RequestInit);
  const context = { req: { raw }, env: { incoming: { socket: { remoteAddress } } } } as unknown as Context;
  return {
    context,
    send: (bytes: number) => push?.enqueue(new Uint8Array(bytes)),
    end: () => push?.close(),
  };
}

/** Lets what was sent arrive. */
const arrive = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

test('bodies take so much memory together and of one sender, and give it back (S-100)', async () => {
  const budget = new BodyBudget({ maxBytes: KIB, maxTotalBytes: 64 * KIB, maxSenderBytes: 32 * KIB });
  const open = Array.from({ length: 60 }, () => request('192.0.2.1'));
  const ends = open.map(({ context }) => budget.read(context, 25 * KIB, body => body.length).catch(String));
  for (const { send } of open) send(KIB);
  await arrive();
  await arrive();
  assert.equal(budget.heldBytes, 32 * KIB, 'of sixty, half of what there is');
  const other = request('192.0.2.2');
  const read = budget.read(other.context, 25 * KIB, body => body.length);
  other.send(20 * KIB);
  other.end();
  assert.equal(await read, 20 * KIB, 'another one finds room');
  for (const { end } of open.slice(0, 32)) end();
  const outcomes = await Promise.all(ends);
  assert.equal(outcomes.filter(each => each === KIB).length, 32);
  assert.equal(outcomes.filter(each => /take all the memory/.test(String(each))).length, 28);
  assert.equal(budget.heldBytes, 0);
});

test('what is announced takes no room; what is too large is refused while it comes; a fault gives it back (S-100)', async () => {
  const budget = new BodyBudget({ maxBytes: KIB, maxTotalBytes: 8 * KIB, maxSenderBytes: 8 * KIB });
  const large = request('::1');
  const refused = budget.read(large.context, 2 * KIB, body => body.length);
  large.send(KIB);
  await arrive();
  assert.equal(budget.heldBytes, KIB);
  large.send(2 * KIB);
  await assert.rejects(refused, { code: 'body_too_large' });
  const held: number[] = [];
  const faulty = request('::1');
  const failed = budget.read(faulty.context, 2 * KIB, () => {
    held.push(budget.heldBytes);
    throw new Error('x');
  });
  faulty.send(KIB);
  faulty.end();
  await assert.rejects(failed, /x/);
  assert.deepEqual([held, budget.heldBytes], [[KIB], 0], 'held until it was worked on');
});

test('a sender is an address, or a network of IPv6 (S-100)', () => {
  for (const [address, sender] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    [undefined, 'unknown'],
  ] as const) {
    assert.equal(senderOf(address), sender);
  }
});

test('JSON is parsed to a depth; brackets in strings do not count (S-100, T-17)', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  assert.doesNotThrow(() => parseBoundedJson(nested(MAX_JSON_DEPTH)));
  for (const text of [nested(MAX_JSON_DEPTH + 1), '{"a":'.repeat(200), '['.repeat(5_000_000)])
    assert.throws(() => parseBoundedJson(text), /nested deeper/);
  for (const value of ['[[[['.repeat(100), 'a"[\\"['.repeat(100), '\\', [{ '{[': 1 }]])
    assert.deepEqual(parseBoundedJson(JSON.stringify(value)), value);
  for (const text of ['', '"', '"\\', '[', ']]', '{"a"}'])
    assert.throws(() => parseBoundedJson(text), SyntaxError);
});
