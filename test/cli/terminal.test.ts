import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressLines, styleFor } from '../../src/cli/terminal.ts';

/** A terminal as far as the progress lines use one: text, line feed, cursor up, erase to the end. */
class FakeTerminal {
  readonly isTTY = true;
  readonly columns: number;
  writes = 0;
  #lines: string[] = [''];

  constructor(columns = 40) {
    this.columns = columns;
  }

  write(text: string): void {
    this.writes += 1;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal is steered by them
    for (const [part] of text.matchAll(/\u001b\[(\d+)A|\u001b\[0J|\n|[^\u001b\n]+/g)) {
      const up = /\[(\d+)A/.exec(part);
      if (up) this.#lines = this.#lines.slice(0, this.#lines.length - Number(up[1]));
      else if (part === '\u001b[0J') this.#lines[this.#lines.length - 1] = '';
      else if (part === '\n') this.#lines.push('');
      else this.#lines[this.#lines.length - 1] += part;
    }
  }

  get screen(): string[] {
    return this.#lines.slice(0, -1);
  }
}

test('progress lines are rewritten in place, one a task, and taken away (R-4)', () => {
  const terminal = new FakeTerminal();
  terminal.write('$ sluice bake a b\n');
  const lines = progressLines(terminal);
  lines.set('a', 'a: 1%');
  lines.set('b', 'b: 1%');
  lines.set('a', 'a: 2%');
  assert.deepEqual(terminal.screen, ['$ sluice bake a b', 'a: 2%', 'b: 1%']);
  const { writes } = terminal;
  lines.set('a', 'a: 2%');
  assert.equal(terminal.writes, writes, 'what has not changed is not drawn');
  lines.end('a');
  assert.deepEqual(terminal.screen, ['$ sluice bake a b', 'b: 1%']);
  lines.end('a');
  lines.clear();
  assert.deepEqual(terminal.screen, ['$ sluice bake a b']);
  terminal.write('done\n');
  assert.deepEqual(terminal.screen, ['$ sluice bake a b', 'done']);
});

test('a line that is longer than the terminal is wide is cut, lest it wrap and stay (R-4)', () => {
  const terminal = new FakeTerminal(20);
  progressLines(terminal).set('a', '😀'.repeat(50));
  assert.equal(terminal.screen[0], '😀'.repeat(9), 'each of them takes two columns');
});

test('without a terminal there is no progress (R-4)', () => {
  let written = '';
  const lines = progressLines({ write: text => (written += text) });
  lines.set('a', 'a: 1%');
  lines.end('a');
  lines.clear();
  assert.equal(written, '');
});

test('NO_COLOR, dumb terminals and pipes get no styles (S-6)', () => {
  const terminal = new FakeTerminal();
  assert.equal(styleFor(terminal, {}).bold('x'), '\u001b[1mx\u001b[0m');
  assert.equal(styleFor(terminal, { NO_COLOR: '1' }).bold('x'), 'x');
  assert.equal(styleFor(terminal, { TERM: 'dumb' }).bad('x'), 'x');
  assert.equal(styleFor({ write: () => true }, {}).accent('x'), 'x');
});
