/** What the commands know of the terminal: colours, width, a progress line that rewrites itself. */

import { clipped, folded, shortened } from '../base/columns.ts';
import { escapeForTerminal } from '../base/text.ts';

export interface TerminalOutput {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** ANSI styles, or nothing at all where NO_COLOR is set or the output is no terminal (no-color.org). */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  accent(text: string): string;
  bad(text: string): string;
}

export function styleFor(output: TerminalOutput, env: NodeJS.ProcessEnv): Style {
  const plain = !output.isTTY || env.NO_COLOR !== undefined || env.TERM === 'dumb';
  const wrap = (code: number) => (text: string) => (plain ? text : `\u001b[${code}m${text}\u001b[0m`);
  return { bold: wrap(1), dim: wrap(2), accent: wrap(36), bad: wrap(31) };
}

/**
 * Lines that are rewritten in place, one a task, on a terminal; nothing otherwise (progress belongs on a
 * terminal's stderr only). Other text for the same terminal goes through `print` so that they do not mix.
 */
export interface ProgressLines {
  set(task: string, text: string): void;
  /** Takes the task's line away. */
  end(task: string): void;
  /** Takes all lines away. */
  clear(): void;
}

export function progressLines(output: TerminalOutput): ProgressLines {
  if (!output.isTTY) return { set: () => undefined, end: () => undefined, clear: () => undefined };
  const tasks = new Map<string, string>();
  let drawn = 0;
  const erase = (): string => (drawn > 0 ? `\u001b[${drawn}A\u001b[0J` : '');
  const draw = (): void => {
    const width = (output.columns || 80) - 1;
    const lines = [...tasks.values()].map(text => `${clipped(text, width)}\n`);
    output.write(erase() + lines.join(''));
    drawn = lines.length;
  };
  return {
    set(task, text) {
      if (tasks.get(task) === text) return;
      tasks.set(task, text);
      draw();
    },
    end(task) {
      if (tasks.delete(task)) draw();
    },
    clear() {
      tasks.clear();
      draw();
    },
  };
}

/** Control characters of a text from outside made visible, so that a name cannot steer the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** A name for a row that has so many columns beside it: shortened in the middle where it is for a terminal that it does not fit. */
export function rowName(
  name: string,
  besides: number,
  { stdout }: { readonly stdout: TerminalOutput },
): string {
  return stdout.isTTY ? shortened(name, Math.max(NARROWEST_NAME, (stdout.columns || 80) - besides)) : name;
}

const NARROWEST_NAME = 20;

/** An output whose lines are folded to fit the terminal, where it is one and `isForPeople` says so. */
export function foldedOutput(output: TerminalOutput, isForPeople: () => boolean): TerminalOutput {
  return {
    write: text =>
      output.write(
        typeof text === 'string' && output.isTTY && isForPeople() ? folded(text, output.columns || 80) : text,
      ),
    get isTTY() {
      return output.isTTY === true;
    },
    get columns() {
      return output.columns;
    },
  };
}

/** A value as JSON in which no character can steer a terminal; what JSON leaves as it is, is escaped as well. */
export function jsonText(value: unknown, indent?: number): string {
  return escapeForTerminal(JSON.stringify(value, undefined, indent));
}

/** The sequences of `styleFor` and `progressLines`, and the characters that lines are made of. */
const OWN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\u001b\[(?:[0-2]|3[16])m|\u001b\[\d+A\u001b\[0J|\r?\n|\t|[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g;

/**
 * An output behind which stands a terminal, perhaps by way of a pipe: whatever a command writes, nothing but our own
 * styles and lines reaches it. Bytes pass as they are.
 */
export function guardedOutput(output: TerminalOutput): TerminalOutput {
  return {
    write: text => output.write(typeof text === 'string' ? guarded(text) : text),
    get isTTY() {
      return output.isTTY === true;
    },
    get columns() {
      return output.columns;
    },
  };
}

function guarded(text: string): string {
  let rest = 0;
  let safe = '';
  for (const match of text.matchAll(OWN)) {
    safe += '\ufffd'.repeat(match.index - rest) + match[0];
    rest = match.index + match[0].length;
  }
  return safe + '\ufffd'.repeat(text.length - rest);
}
