import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NumstatParser, storedPath } from '../../../../src/gather/repos/churn/numstat.ts';
import type { FileChurn } from '../../../../src/keep/store/churn.ts';

const HASH = 'e'.repeat(40);
const OTHER = '0'.repeat(64);

function parse(chunks: readonly Buffer[]): unknown[] {
  const events: unknown[] = [];
  const parser = new NumstatParser({
    commit: (hash: string, files: readonly FileChurn[]) => events.push([hash, files]),
    mark: () => events.push('mark'),
  });
  for (const chunk of chunks) parser.push(chunk);
  return events;
}

test('commits, renames, binary files and marks are distinguished, wherever the output is cut (R-22)', () => {
  const output = Buffer.from(
    `${HASH}\0${'1\t2\ta\0'}-\t-\tend\0${'3\t0\t\0old\0end\n\0'}end\n${OTHER}\0end\nend\n`,
    'latin1',
  );
  const expected = [
    [
      HASH,
      [
        { path: 'a', added: 1, removed: 2 },
        { path: 'end', added: null, removed: null },
        { path: 'end\n', added: 3, removed: 0 },
      ],
    ],
    'mark',
    [OTHER, []],
    'mark',
    'mark',
  ];
  fc.assert(
    fc.property(fc.array(fc.nat(output.length), { maxLength: 8 }), cuts => {
      const at = [0, ...cuts.sort((a, b) => a - b), output.length];
      const chunks = at.slice(1).map((end, index) => output.subarray(at[index], end));
      assert.deepEqual(parse(chunks), expected);
    }),
  );
  assert.throws(() => parse([Buffer.from('what is this\0')]), /diff-tree wrote/);
});

test('paths are stored as text where they are text, else quoted, and no two become one (R-22, R-25)', () => {
  const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
  assert.equal(storedPath(latin1('dir/Grüße 🎉.txt')), 'dir/Grüße 🎉.txt');
  assert.equal(storedPath('a\nb\tc'), 'a\nb\tc');
  assert.equal(storedPath('caf\xe9\\"\n\x01'), '"caf\\351\\\\\\"\\n\\001"');
  assert.equal(storedPath('"quoted"'), '"\\"quoted\\""');
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.uint8Array({ minLength: 1 }), (one, other) => {
      const [a, b] = [Buffer.from(one).toString('latin1'), Buffer.from(other).toString('latin1')];
      assert.equal(storedPath(a) === storedPath(b), a === b);
    }),
  );
});
