/** What the commands know of the terminal: colours, width, a progress line that rewrites itself. */

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
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
