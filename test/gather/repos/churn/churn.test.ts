import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SluiceError } from '../../../../src/base/errors.ts';
import type { GitFixture } from '../../../support/git-fixture.ts';
import { openBench } from '../history/support.ts';
import { readChurn, rollUps, rowsOfGit, storedRows } from './support.ts';

interface Change {
  readonly path: Buffer;
  /** Undefined: the file goes. */
  readonly content: Buffer | undefined;
}

interface Shape {
  readonly parents: readonly number[];
  readonly author: string;
  readonly changes: readonly Change[];
  readonly renames: readonly (readonly [Buffer, Buffer])[];
}

const NAMES = [
  'a',
  'b c',
  'd/e',
  'd/f/g',
  'Ünal/王',
  '"quoted"',
  'tab\tnew\nline',
  'end',
  '-',
  '{x => y}',
  '\\',
];
const path = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...NAMES).map(name => Buffer.from(name)) },
  fc.constantFrom('caf\xe9', '\xff\xfe', '"\xe9').map(name => Buffer.from(name, 'latin1')),
);
const lines = fc.array(fc.constantFrom('one', 'two', 'three', '', 'ünf'), { maxLength: 30 });
const content = fc.oneof(
  { weight: 6, arbitrary: lines.map(all => Buffer.from(all.join('\n'))) },
  fc.constant(Buffer.from([0, 1, 2, 10, 0])),
  fc.constant(Buffer.alloc(600 * 1024, 'large\n')),
);
const change: fc.Arbitrary<Change> = fc.record({
  path,
  content: fc.oneof({ weight: 4, arbitrary: content }, fc.constant(undefined)),
});

const shape = (index: number): fc.Arbitrary<Shape> =>
  fc.record({
    parents:
      index === 0
        ? fc.constant([])
        : fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: fc.constant(index - 1) }, fc.nat(index - 1)), {
            maxLength: 3,
          }),
    author: fc
      .tuple(fc.nat(3), fc.constantFrom(0, 1, 2 ** 32 + 5, 1_600_000_000, 253_402_300_799))
      .map(([who, at]) => `P${who} <p${who}@x> ${at} +0530`),
    changes: fc.array(change, { maxLength: 4 }),
    renames: fc.array(fc.tuple(path, path), { maxLength: 1 }),
  });

const history = fc
  .integer({ min: 1, max: 25 })
  .chain(size => fc.tuple(...Array.from({ length: size }, (_, index) => shape(index))));
const refSets = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.nat(24), { minKeys: 1 }), {
  minLength: 1,
  maxLength: 3,
});

/** Quoted for fast-import: as C has it, every byte but plain ones in octal. */
function quoted(bytes: Buffer): string {
  const text = [...bytes].map(byte =>
    /[a-z/]/i.test(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `\\${byte.toString(8).padStart(3, '0')}`,
  );
  return `"${text.join('')}"`;
}

/** Writes the history; a change that the tree cannot take (a file where a folder is) replaces what is there. */
function build(git: GitFixture, shapes: readonly Shape[]): string[] {
  const trees: Map<string, Buffer>[] = [];
  const script: Buffer[] = [];
  shapes.forEach(({ parents, author, changes, renames }, index) => {
    const tree = new Map(trees[parents[0] ?? -1] ?? []);
    for (const { path: at, content: to } of changes) place(tree, at.toString('latin1'), to);
    for (const [from, to] of renames) {
      const moved = tree.get(from.toString('latin1'));
      if (moved === undefined || from.equals(to)) continue;
      place(tree, from.toString('latin1'), undefined);
      place(tree, to.toString('latin1'), moved);
    }
    trees.push(tree);
    script.push(Buffer.from(`reset refs/import\ncommit refs/import\nmark :${index + 1}\nauthor ${author}\n`));
    script.push(Buffer.from(`committer ${author}\ndata 1\nm\n`));
    for (const [nth, parent] of parents.entries()) {
      script.push(Buffer.from(`${nth === 0 ? 'from' : 'merge'} :${parent + 1}\n`));
    }
    script.push(Buffer.from('deleteall\n'));
    for (const [name, bytes] of tree) {
      script.push(
        Buffer.from(`M 100644 inline ${quoted(Buffer.from(name, 'latin1'))}\ndata ${bytes.length}\n`),
        bytes,
      );
      script.push(Buffer.from('\n'));
    }
  });
  return git.import(script);
}

function place(tree: Map<string, Buffer>, name: string, to: Buffer | undefined): void {
  for (const other of [...tree.keys()]) {
    if (other.startsWith(`${name}/`) || name.startsWith(`${other}/`)) tree.delete(other);
  }
  if (to === undefined) tree.delete(name);
  else tree.set(name, to);
}

test('after any fetches, force-pushes and deletions churn is what git log --numstat says (R-22)', async t => {
  await fc.assert(
    fc.asyncProperty(history, refSets, fc.constantFrom('sha1', 'sha256'), async (shapes, sets, format) => {
      const bench = await openBench(t, format as 'sha1' | 'sha256');
      const commits = build(bench.git, shapes as readonly Shape[]);
      for (const set of sets) {
        const refs = Object.entries(set).map(
          ([name, index]) => [`refs/heads/${name}`, commits[index % commits.length] ?? ''] as const,
        );
        bench.git.setRefs(new Map(refs));
        await bench.ingest();
        await readChurn(bench);
        assert.deepEqual(await storedRows(bench), rowsOfGit(bench.git.gitDir));
        const { kept, counted } = await rollUps(bench);
        assert.deepEqual(kept, counted);
      }
    }),
    { numRuns: 8, endOnFailure: true },
  );
});

test('a pass that is broken off goes on where it stopped, and reads nothing twice (R-22)', async t => {
  const bench = await openBench(t);
  const shapes = Array.from({ length: 6000 }, (_, index) => ({
    parents: index === 0 ? [] : [index - 1],
    author: `P <p@x> ${1_600_000_000 + index * 9000} +0000`,
    changes: [{ path: Buffer.from(`f${index % 7}`), content: Buffer.from(`${index}\n`) }],
    renames: [],
  }));
  const commits = build(bench.git, shapes);
  bench.git.setRefs(new Map([['refs/heads/main', commits.at(-1) ?? '']]));
  await bench.ingest();
  const stop = new AbortController();
  const first = readChurn(bench, { signal: stop.signal, onProgress: () => stop.abort() });
  await assert.rejects(first, error => error instanceof SluiceError || error instanceof DOMException);
  const waiting = await bench.store.churn(bench.repositoryId).waiting(10_000);
  assert.ok(waiting.length > 0 && waiting.length <= 5000, `${waiting.length} wait`);
  const rest = await readChurn(bench);
  assert.deepEqual(rest, { commits: waiting.length, complete: true });
  assert.deepEqual(await readChurn(bench), { commits: 0, complete: true });
  assert.deepEqual(await storedRows(bench), rowsOfGit(bench.git.gitDir));
  const slice = await readChurn(bench, { sliceMs: 0 });
  assert.deepEqual(slice, { commits: 0, complete: true });
});

test('renames are followed, as git log does it: without them the figures would be others (R-22)', async t => {
  const bench = await openBench(t);
  const body = Buffer.from(Array.from({ length: 50 }, (_, line) => `line ${line}\n`).join(''));
  const commit = (parents: number[], changes: Change[]): Shape => ({
    parents,
    author: 'P <p@x> 1600000000 +0000',
    changes,
    renames: [],
  });
  const commits = build(bench.git, [
    commit([], [{ path: Buffer.from('old'), content: body }]),
    commit(
      [0],
      [
        { path: Buffer.from('old'), content: undefined },
        { path: Buffer.from('new'), content: body },
      ],
    ),
  ]);
  bench.git.setRefs(new Map([['refs/heads/main', commits[1] ?? '']]));
  await bench.ingest();
  await readChurn(bench);
  assert.deepEqual((await storedRows(bench))[commits[1] ?? ''], ['0 0 new']);
  const without = rowsOfGit(bench.git.gitDir, ['-c', 'diff.renames=false'])[commits[1] ?? ''];
  assert.deepEqual(without, ['0 50 old', '50 0 new']);
});

test('a commit of more files than can be is left out of churn, and all others are read (R-654)', {
  skip: process.platform !== 'linux',
}, async t => {
  const bench = await openBench(t);
  const { git } = bench;
  const commit = (tree: string, parent: string): string =>
    git.git(['commit-tree', tree, '-m', 'x', ...(parent === '' ? [] : ['-p', parent])]);
  const treeOf = (mode: string, type: string, id: string): string => {
    const entries = Array.from({ length: 10 }, (_, index) => `${mode} ${type} ${id}\t${index}\n`);
    return git.git(['mktree'], entries.join(''));
  };
  const blob = git.git(['hash-object', '-w', '--stdin'], 'one line\n');
  const small = treeOf('100644', 'blob', blob);
  // Ten thousand million files, in ten objects.
  let bomb = small;
  for (let depth = 1; depth < 10; depth += 1) bomb = treeOf('040000', 'tree', bomb);
  const first = commit(small, '');
  const second = commit(bomb, first);
  // This one takes all of them away again, which are as many.
  const third = commit(small, second);
  git.git(['update-ref', 'refs/heads/main', third]);
  git.git(['update-ref', 'refs/heads/other', commit(git.git(['mktree']), first)]);
  await bench.ingest();
  const result = await readChurn(bench, { maxMemoryBytes: 64 * 2 ** 20 });
  assert.deepEqual([result.commits, result.complete], [4, true]);
  assert.deepEqual(result.leftOut?.map(({ hash }) => hash).sort(), [second, third].sort());
  assert.ok(result.leftOut?.every(({ code }) => code === 'answer_too_large'));
  const rows = await storedRows(bench);
  assert.equal(rows[first]?.length, 10);
  assert.deepEqual(
    Object.values(rows)
      .map(files => files.length)
      .sort(),
    [0, 0, 10, 10],
  );
  assert.deepEqual(await readChurn(bench), { commits: 0, complete: true });
});
