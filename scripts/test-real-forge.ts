/**
 * `npm run test:forge`: the forge suite against a real Gitea or Forgejo: the one on the PATH, or one built with
 * Go once and kept below node_modules/.cache. Ends with 0 when the suite passed, 1 when it failed, 2 when no
 * server could be had.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { obtainGitea, startGitea } from './real-forge/gitea.ts';

const BUILD_BUDGET_MS = 20 * 60_000;
const SUITE_BUDGET_MS = 3 * 60_000;
const SUITE = resolve(import.meta.dirname, '../test/real-forge/gitea-real.ts');

async function main(): Promise<number> {
  const found = await obtainGitea(BUILD_BUDGET_MS);
  if ('why' in found) {
    console.error(`real-forge: no Gitea could be had: ${found.why}`);
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), 'sluice-real-forge-'));
  try {
    const server = await startGitea(found, folder);
    console.error(`real-forge: testing against ${server.name} at ${server.baseUrl}`);
    try {
      const child = spawn(process.execPath, ['--test', SUITE], {
        stdio: 'inherit',
        timeout: SUITE_BUDGET_MS,
        env: {
          ...process.env,
          SLUICE_GITEA_URL: server.baseUrl,
          SLUICE_GITEA_TOKEN: server.token,
          SLUICE_GITEA_SECOND_TOKEN: server.secondToken,
          SLUICE_GITEA_NAME: server.name,
        },
      });
      const [code] = (await once(child, 'exit')) as [number | null];
      console.error(`real-forge: ${code === 0 ? 'passed' : 'FAILED'} against ${server.name}`);
      return code === 0 ? 0 : 1;
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
