import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvOf, fileName } from '../../../src/web/charts/csv.ts';

test('figures as a file: quoted as RFC 4180 has it, and no text that a table program would run (W-104)', () => {
  const columns = ['path', 'changes', 'last'];
  const rows = [
    ['a,"b"\nc', 1_234.5, null],
    ['=HYPERLINK("x")', -3, '2026-01-01'],
    ['@sum', 0, '-1'],
  ];
  assert.equal(
    csvOf({ columns, rows }),
    [
      'path,changes,last',
      '"a,""b""\nc",1234.5,',
      '"\'=HYPERLINK(""x"")",-3,2026-01-01',
      "'@sum,0,'-1",
      '',
    ].join('\r\n'),
  );
});

test('the name of a file is made of the words of its chart', () => {
  assert.equal(
    fileName('Commits per week, https://github.com/a/b.git', 'csv'),
    'commits-per-week-https-github-com-a-b-git.csv',
  );
  assert.equal(fileName('https://github.com/a/b', 'svg'), 'github-com-a-b.svg');
  assert.equal(fileName('…', 'svg'), 'chart.svg');
});
