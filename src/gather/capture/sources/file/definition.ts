import type { ReadingSourceDefinition } from '../source-definition.ts';

export interface FilePlan {
  readonly method: 'file';
  /** Absolute. */
  readonly path: string;
}

/** The content of a file. */
export const fileDefinition: ReadingSourceDefinition<FilePlan, string> = {
  kind: 'file',
  setting: ({ optionalPath }) =>
    optionalPath({
      description: 'A file; its content is the reading.',
      example: '/sys/class/thermal/thermal_zone0/temp',
    }),
  pushes: false,
  planOf: path => ({ method: 'file', path }),
  async load() {
    const { FileSource } = await import('./file.ts');
    return ({ clock }) => ({
      open: ({ path }, { format }) =>
        new FileSource({
          path,
          format,
          monotonicMs: () => clock.monotonicMs(),
          pause: ms => new Promise(resolve => void clock.timer(ms, resolve)),
        }),
    });
  },
};
