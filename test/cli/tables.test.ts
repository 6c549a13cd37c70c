import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { moreLine, rowsAsked } from '../../src/cli/list-page.ts';
import { render } from '../../src/cli/tables.ts';
import { INSIGHTS } from '../../src/insights/catalogue.ts';
import { punchCard } from '../../src/insights/punch-card.ts';

const AUTHORS = INSIGHTS.find(({ name }) => name === 'authors')?.columns ?? {};
const AUTHOR = {
  name: 'Konstantin Konstantinopolsky',
  email: 'konstantin.konstantinopolsky@example-company.example',
  commits: 31_449,
  added: 1_234_567,
  removed: 987_654,
  firstCommitAt: '2005-04-07T22:13:13.000Z',
  lastCommitAt: '2026-08-20T10:00:00.000Z',
};

const linesOf = async (...given: Parameters<typeof render>): Promise<string[]> =>
  String(await render(...given))
    .trimEnd()
    .split('\n');

test('a table fits the terminal, and is whole where it goes elsewhere (S-501)', async () => {
  const fitting = await linesOf([AUTHOR], AUTHORS, 'table', { fit: 80 });
  for (const line of fitting) assert.ok(line.length <= 80, `${line.length}: ${line}`);
  assert.match(fitting[1] ?? '', /2005-04-07 +2026-08-20$/);
  assert.match(
    fitting[1] ?? '',
    /…opolsky +kon…example /,
    'a long text keeps its end, which says most of an address',
  );
  const whole = (await linesOf([AUTHOR], AUTHORS, 'table'))[1] ?? '';
  for (const value of [AUTHOR.name, AUTHOR.email, AUTHOR.firstCommitAt])
    assert.ok(whole.includes(value), whole);
});

test('whatever the texts are, they take no more room than there is, down to a least (S-501)', async () => {
  const columns = { path: 'text', who: 'text', changes: 'integer' } as const;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          path: fc.string({ maxLength: 90 }),
          who: fc.string({ maxLength: 90 }),
          changes: fc.nat(),
        }),
      ),
      fc.integer({ min: 40, max: 120 }),
      async (rows, fit) => {
        for (const line of await linesOf(rows, columns, 'table', { fit }))
          assert.ok([...line].length <= fit, line);
      },
    ),
  );
});

test('the punch card is a grid of seven lines with the busiest hour; machines get its rows (S-501)', async () => {
  const insight = INSIGHTS.find(({ name }) => name === 'punch-card');
  const rows = punchCard([
    { hourOfWeek: 24 + 14, commits: 1200 },
    { hourOfWeek: 9, commits: 3 },
  ]).map(hour => ({ ...hour }));
  const lines = await linesOf(rows, insight?.columns ?? {}, 'table', { grid: insight?.grid });
  assert.deepEqual(
    lines.slice(1, 8).map(line => line.slice(0, 3)),
    ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
  );
  assert.match(lines[0] ?? '', /^ {5}00 {4}03 {4}06/);
  assert.equal(lines[2]?.indexOf('██'), 5 + 14 * 2);
  assert.match(lines[2] ?? '', / 1,200$/);
  assert.equal(lines.at(-1), 'most: 1,200 commits on Tue at 14');
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.equal((await linesOf(rows, insight?.columns ?? {}, 'csv')).length, 169);
  const none = punchCard([]).map(hour => ({ ...hour }));
  const empty = await linesOf(none, insight?.columns ?? {}, 'table', { grid: insight?.grid });
  assert.equal(empty.at(-1), 'no commits yet');
});

test('a list is a page for people and whole for machines (S-500)', () => {
  assert.equal(rowsAsked({}), 50);
  assert.equal(rowsAsked({ limit: '7', all: true }), 7);
  assert.equal(rowsAsked({ all: true }), Number.POSITIVE_INFINITY);
  assert.equal(rowsAsked({ json: true }), Number.POSITIVE_INFINITY);
  assert.equal(moreLine(310, 50), 'and 260 more; --all lists them\n');
  assert.equal(moreLine(50, 50), '');
  for (const limit of ['0', '-1', 'x', '1.5']) assert.throws(() => rowsAsked({ limit }), { code: 'usage' });
});
