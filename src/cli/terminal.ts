/** What the commands know of the terminal: colours, width, a progress line that rewrites itself. */
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
    const width = (output.columns ?? 80) - 1;
    const lines = [...tasks.values()].map(text => `${[...text].slice(0, width).join('')}\n`);
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

/** A text in lines that fit the terminal, or 80 columns where there is none, each after `indent`. */
export function wrapped(
  text: string,
  indent: string,
  { stdout }: { readonly stdout: TerminalOutput },
): string {
  const space = Math.max(20, Math.min(stdout.columns ?? 80, 100) - indent.length);
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && [...last].length + 1 + [...word].length <= space)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map(line => indent + line).join('\n');
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
