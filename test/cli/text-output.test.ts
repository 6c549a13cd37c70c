import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLogger } from '../../src/base/log-output.ts';
import { escapeForTerminal, withoutControls } from '../../src/base/text.ts';
import { render } from '../../src/cli/tables.ts';
import { guardedOutput, jsonText, printable, styleFor } from '../../src/cli/terminal.ts';

const NASTY = [
  '\u001b[31m',
  '\u001b]0;t\u0007',
  '\u009b1A',
  '\u007f',
  '\u0085',
  '\u202e',
  '\u2066',
  '\b',
  '\r',
  '\u2028',
  '\0',
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const STEERS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

test('no cell of a CSV is a formula; numbers stay numbers (T-16)', async () => {
  const columns = { who: 'text', count: 'integer', share: 'number' } as const;
  const cellOf = async (who: string): Promise<string> => {
    const csv = String(await render([{ who, count: -5, share: -0.5 }], columns, 'csv'));
    assert.ok(csv.endsWith(',-5,-0.5\r\n'), csv);
    return csv.slice('who,count,share\r\n'.length, -',-5,-0.5\r\n'.length);
  };
  const cells: [string, string][] = [
    ['=1+1', "'=1+1"],
    ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
    ['+49 30 1234', "'+49 30 1234"],
    ['-rf', "'-rf"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', `"'\r=1"`],
    ['\n=1', `"'\n=1"`],
    ['\uff1d1', "'\uff1d1"],
    ['-5', '-5'],
    ['+1.5', '+1.5'],
    ['-1e6', '-1e6'],
    ['-5+cmd', "'-5+cmd"],
    ['a=b', 'a=b'],
    ["'=1", "'=1"],
    ['', ''],
    ['a\u001b[31mb', 'a\ufffd[31mb'],
    ['a\u009bb\u202ec', 'a\ufffdb\ufffdc'],
  ];
  for (const [text, cell] of cells) assert.equal(await cellOf(text), cell, JSON.stringify(text));
});

test('JSON means the same, and no character of it steers a terminal (T-16)', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary' }))), parts => {
      const value = { text: parts.join(''), [parts.join()]: 1 };
      const json = jsonText(value);
      assert.doesNotMatch(json, STEERS);
      assert.deepEqual(JSON.parse(json), value);
    }),
  );
});

test('whatever a command writes, only our own styles and lines reach the terminal (T-16)', () => {
  let written = '';
  const write = (text: string | Uint8Array): void => {
    written += text;
  };
  const output = guardedOutput({ write, isTTY: true, columns: 40 });
  const style = styleFor(output, {});
  const own = `${style.bad('bad')} ${style.dim('dim')} ${style.accent('a')} ${style.bold('b')}\n\u001b[2A\u001b[0Jx\ty\r\n`;
  output.write(own);
  assert.equal(written, own);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constantFrom(...NASTY.slice(1)), fc.string({ unit: 'binary' }))),
      parts => {
        written = '';
        const text = parts.join('').replaceAll('\u001b', '\u001b]');
        output.write(text);
        assert.doesNotMatch(written.replaceAll('\r\n', '\n'), STEERS);
        assert.doesNotMatch(written.replaceAll('\r\n', '\n'), /\r/);
        assert.equal(written.length, text.length);
      },
    ),
  );
  assert.equal(printable('a\u2028b\u001bc'), 'a\ufffdb\ufffdc');
});

test('log lines steer no terminal, as JSON or for people (T-16)', async () => {
  const lines: string[] = [];
  const log = await createLogger({
    level: 'info',
    forPeople: false,
    destination: { write: line => void lines.push(line) },
  });
  const path = NASTY.join('x');
  log.info({ path }, path);
  assert.doesNotMatch(lines[0]?.replace(/\n$/, '') ?? '', STEERS);
  const { path: read, msg } = JSON.parse(lines[0] ?? '');
  assert.deepEqual([read, msg], [path, path]);
  const people = JSON.parse(withoutControls(JSON.stringify({ path, backslash: '\\u001b', line: 'a\nb' })));
  assert.doesNotMatch(people.path, STEERS);
  assert.deepEqual([people.backslash, people.line], ['\\u001b', 'a\nb']);
  assert.equal(escapeForTerminal('"\u009b"'), '"\\u009b"');
});
