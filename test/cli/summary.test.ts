import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderSummary, type SummaryFacts } from '../../src/cli/summary.ts';
import { styleFor } from '../../src/cli/terminal.ts';

const WEEK_S = 7 * 86_400;
const MONDAY = Date.UTC(2024, 0, 1) / 1000;
const plain = styleFor({ write: () => true }, {});

function facts(
  changes: Partial<SummaryFacts['summary']> = {},
  rest: Partial<SummaryFacts> = {},
): SummaryFacts {
  return {
    summary: {
      url: 'https://example.org/x',
      commits: 12_345,
      newCommits: 12_345,
      removedCommits: 0,
      authors: 2,
      firstCommitAt: '2024-01-01T00:00:00.000Z',
      lastCommitAt: '2024-12-30T10:00:00.000Z',
      durationMs: 1234,
      fetchMs: 1000,
      cache: 'clone',
      ...changes,
    },
    weeks: [{ start: MONDAY, commits: 3 }],
    authors: [author('Ada', 12_000), author('Grace', 345)],
    ...rest,
  };
}

function author(name: string, commits: number): SummaryFacts['authors'][number] {
  return {
    name,
    email: `${name}@example.org`,
    commits,
    added: 0,
    removed: 0,
    firstCommitAt: MONDAY,
    lastCommitAt: MONDAY,
  };
}

const weeksOf = (count: number, commits: (index: number) => number): SummaryFacts['weeks'] =>
  Array.from({ length: count }, (_, index) => ({ start: MONDAY + index * WEEK_S, commits: commits(index) }));

test('a summary says how many commits by whom, from when to when, and draws weeks and authors (R-4)', () => {
  assert.equal(
    renderSummary(facts(), plain),
    [
      'https://example.org/x  cloned and baked in 1.2s',
      '  12,345 commits by 2 authors, 2024-01-01 to 2024-12-30',
      '',
      '  commits per week, all (most: 3)',
      '  █',
      '  █',
      '  █',
      '  █',
      '  2024-01-01',
      '',
      '  top authors',
      '  12,000  Ada                          ████████████████████████',
      '     345  Grace                        █',
      '',
    ].join('\n'),
  );
});

const FIRST_LINES: readonly (readonly [string, Partial<SummaryFacts['summary']>, RegExp])[] = [
  ['one commit by one author', { commits: 1, newCommits: 1, authors: 1 }, /1 commit by 1 author,/],
  ['no news', { newCommits: 0, cache: 'fetch' }, /fetched and baked.*\n.*\(0 new\)$/m],
  ['news', { newCommits: 1234 }, /\(1,234 new\)$/m],
  ['a force-push', { newCommits: 2, removedCommits: 7 }, /\(2 new, 7 gone\)$/m],
  ['a restored clone', { cache: 'restore' }, /restored and baked/],
  ['a warning', { warnings: ['it is \u001b[31mshallow'] }, /note: it is \ufffd\[31mshallow/],
  ['a hostile URL', { url: '/x\u001b]0;owned\u0007\u202e' }, /^\/x\ufffd\]0;owned\ufffd\ufffd {2}/],
];
for (const [what, changes, expected] of FIRST_LINES) {
  test(`a summary of ${what} (R-4)`, () => {
    assert.match(renderSummary(facts(changes), plain), expected);
  });
}

test('without commits there is nothing to draw (R-4)', () => {
  const none = facts(
    { commits: 0, newCommits: 0, authors: 0, firstCommitAt: null, lastCommitAt: null },
    { weeks: [], authors: [] },
  );
  assert.equal(
    renderSummary(none, plain),
    'https://example.org/x  cloned and baked in 1.2s\n  no commits yet\n',
  );
});

test('the last 52 weeks are drawn, in 80 columns, a small week as something and an empty one as nothing (R-4)', () => {
  const weeks = weeksOf(60, index => (index === 59 ? 1 : index % 2 === 0 ? 1000 : 0));
  const lines = renderSummary(facts({}, { weeks }), plain).split('\n');
  const title = lines.findIndex(line => line.includes('commits per week, the last 52 (most: 1,000)'));
  const bottom = lines[title + 4] ?? '';
  assert.equal([...bottom].length, 2 + 52);
  assert.equal([...bottom].at(-1), '▁');
  assert.equal([...bottom].at(-2), '█');
  assert.match(lines[title + 5] ?? '', /^ {2}2024-02-26 +2025-02-17$/);
  for (const line of lines) assert.ok([...line].length <= 80, line);
});

test('names of authors are cut, replaced where empty, and steer no terminal (R-4, S-6, T-16)', () => {
  const names = ['x'.repeat(60), '', '\u001b[2Jgone\r\n', 'ありがとう'];
  const authors = names.map((name, index) => ({ ...author(name, 10 - index), email: '' }));
  const text = renderSummary(facts({}, { authors }), plain);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
  assert.ok(!/[\u0000-\u0009\u000b-\u001f]/.test(text));
  assert.match(text, new RegExp(`  10  ${'x'.repeat(27)}… █`));
  assert.match(text, /9 {2}\(no name\)/);
  assert.match(text, /8 {2}\ufffd\[2Jgone\ufffd\ufffd/);
  assert.match(text, /ありがとう/);
});
