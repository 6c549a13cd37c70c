import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStamp } from '../../../base/files/file-stamp.ts';
import type { Service } from '../../../base/lifecycle.ts';
import type { FaultBoard } from '../../../base/ongoing-faults.ts';
import { Repeating } from '../../../base/repeating.ts';
import type { RepositoryContext } from '../context.ts';
import { runGit } from '../git/spawn.ts';
import { hashOf, mapPersonIdentities } from './mailmap.ts';
import { readMailmapFile } from './mailmap-file.ts';

/** Two looks that see the same stand for a file that is written to its end. */
const LOOK_MS = 1000;
/** Repositories that are read of at once; each may have a mailmap of megabytes. */
const REPOSITORIES_AT_ONCE = 20;

type Context = Pick<RepositoryContext, 'config' | 'store' | 'clock' | 'log'> & {
  readonly faults?: FaultBoard | undefined;
};

const FAULT = {
  words: 'the mailmap of the configuration is not applied',
  hint: 'Mend the file that mailmap names; it is read again when it changes.',
};

/**
 * Names people anew in each repository that is behind the station's mailmap, from what is kept of its own. No clone is
 * looked at and no history read. A repository whose own is not known is named anew by its next bake, which is made sure of.
 * @returns in how many repositories
 */
export async function applyMailmapFile(
  content: Buffer | undefined,
  { store }: Pick<Context, 'store'>,
  signal?: AbortSignal,
): Promise<number> {
  const name = hashOf(content);
  let applied = 0;
  let after = 0;
  let gitDir: string | undefined;
  try {
    for (;;) {
      const behind = await store.people.mailmapsBehind(name, after, REPOSITORIES_AT_ONCE);
      for (const { repositoryId, mailmap } of behind) {
        signal?.throwIfAborted();
        after = repositoryId;
        if (mailmap === undefined) {
          // A look at the remote would find nothing new, and no bake would come.
          await store.repositories.update(repositoryId, { remoteCheck: null });
          continue;
        }
        gitDir ??= await emptyRepository();
        const writer = store.history(repositoryId);
        await mapPersonIdentities({ gitDir, writer, mailmap, station: content, signal });
        applied += 1;
      }
      if (behind.length < REPOSITORIES_AT_ONCE) return applied;
    }
  } finally {
    if (gitDir !== undefined) await rm(gitDir, { recursive: true, force: true });
  }
}

async function emptyRepository(): Promise<string> {
  const gitDir = await mkdtemp(join(tmpdir(), 'sluice-mailmap-git-'));
  await runGit(['init', '--quiet', '--bare', gitDir]);
  return gitDir;
}

/**
 * Keeps people in step with the mailmap that the configuration names, or no longer names:
 *
 *   idle ──start()──▶ quiet ──a look sees another stamp──▶ settling ──the next sees the same──▶ applying ──▶ quiet
 *   any ──stop()──▶ stopped
 *
 * A file that cannot be read is told of once; what it said before stays in force. Whatever failed is tried again.
 */
export function followMailmapFile(context: Context): Service {
  const { config, clock, log, faults } = context;
  let applied: string | undefined;
  let seen: string | undefined;
  let failed = false;
  const looks = new Repeating({
    clock,
    pauseMs: () => LOOK_MS,
    async work(signal) {
      const path = config().mailmap;
      const stamp = path === undefined ? 'none' : `${path} ${await fileStamp(path)}`;
      const isSettled = stamp === seen;
      seen = stamp;
      if (!isSettled || stamp === applied) return;
      try {
        const { content, fault } = await readMailmapFile(path);
        if (fault !== undefined) {
          log.error({ path }, fault);
          faults?.begin('mailmap', fault, FAULT);
        } else {
          faults?.end('mailmap');
          const repositories = await applyMailmapFile(content, context, signal);
          if (repositories > 0) log.info({ path, repositories }, 'people are named by another mailmap');
        }
        applied = stamp;
        failed = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!failed) log.warn({ err: error, path }, 'the mailmap could not be applied; it is tried again');
        faults?.begin('mailmap', error, { ...FAULT, isTriedAgain: true });
        failed = true;
      }
    },
  });
  return {
    name: 'mailmap',
    async start() {
      looks.start();
    },
    stop: () => looks.stop(),
  };
}
