import type { ReadingSourceDefinition } from '../source-definition.ts';

export interface HttpPlan {
  readonly method: 'http';
  readonly url: string;
}

/** The answer of a web address. */
export const httpDefinition: ReadingSourceDefinition<HttpPlan, string> = {
  kind: 'http',
  setting: ({ line, webAddressFault }) =>
    line('must be an address', webAddressFault)
      .optional()
      .meta({ description: 'An address; its answer is the reading.' }),
  pushes: false,
  planOf: url => ({ method: 'http', url }),
  async load() {
    const { HttpSource } = await import('./http.ts');
    return () => ({ open: ({ url }) => new HttpSource(url) });
  },
};
