import type { ReadingSourceDefinition } from '../source-definition.ts';

export interface ExecPlan {
  readonly method: 'exec';
  /** A program and its arguments. */
  readonly command: readonly string[];
}

/** What a program prints. */
export const execDefinition: ReadingSourceDefinition<ExecPlan, readonly string[]> = {
  kind: 'exec',
  setting: ({ optionalProgram }) =>
    optionalProgram({
      description: 'A program and its arguments; what it prints is the reading.',
      example: ['/usr/bin/sensors', '-j'],
    }),
  pushes: false,
  planOf: command => ({ method: 'exec', command }),
  async load() {
    const { ExecSource } = await import('./exec.ts');
    return () => ({ open: ({ command }) => new ExecSource(command) });
  },
};
