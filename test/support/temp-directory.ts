import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A new directory that is removed after the test. */
export async function tempDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
