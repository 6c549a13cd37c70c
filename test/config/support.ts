import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { ConfigError, type ConfigFault, formatFault } from '../../src/config/faults.ts';
import type { LoadedConfig } from '../../src/config/load.ts';
import { loadConfig, type TestLoadOptions } from '../support/config.ts';
import { tempDirectory } from '../support/temp-directory.ts';

/** A folder with files, by relative name. */
export async function folderWith(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>) {
  const folder = await tempDirectory(t);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** Loads a sluice.yaml of this text from a folder of its own. */
export async function load(
  t: TestContext,
  yaml: string,
  options: Partial<TestLoadOptions> = {},
): Promise<LoadedConfig & { readonly folder: string }> {
  const folder = await folderWith(t, { 'sluice.yaml': yaml });
  return { ...(await loadConfig({ env: {}, cwd: folder, ...options })), folder };
}

/** The faults that loading ends with; fails when it does not. */
export async function faultsOf(loading: Promise<unknown>): Promise<readonly ConfigFault[]> {
  try {
    await loading;
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

/** The faults of a sluice.yaml of this text, a line each. */
export async function linesOf(
  t: TestContext,
  yaml: string,
  options: Partial<TestLoadOptions> = {},
): Promise<string[]> {
  return (await faultsOf(load(t, yaml, options))).map(formatFault);
}
