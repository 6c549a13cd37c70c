import type { TestContext } from 'node:test';
import { makeDirectory } from './left-behind.ts';

/** An empty directory that goes with the test. */
export function temporaryDirectory(t: Pick<TestContext, 'after'>, name = 'sluice-test'): string {
  const { path, remove } = makeDirectory(name);
  t.after(remove);
  return path;
}

/** The same for those who wait for it. */
export async function tempDirectory(t: Pick<TestContext, 'after'>): Promise<string> {
  return temporaryDirectory(t);
}
