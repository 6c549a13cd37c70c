import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { apiReference } from './reference/api.ts';
import { configReference } from './reference/config.ts';
import { errorsReference } from './reference/errors.ts';
import { schemaReference } from './reference/schema.ts';

/** The pages of docs/reference that are made from the code. `npm run generate` writes them; a test compares. */
export const PAGES: readonly { readonly path: string; readonly render: () => string }[] = [
  { path: 'docs/reference/api.md', render: apiReference },
  { path: 'docs/reference/config.md', render: configReference },
  { path: 'docs/reference/errors.md', render: errorsReference },
  { path: 'docs/reference/schema.md', render: schemaReference },
];

export const REPOSITORY = resolve(import.meta.dirname, '..');

if (import.meta.main) {
  for (const { path, render } of PAGES) {
    const file = join(REPOSITORY, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, render());
  }
}
