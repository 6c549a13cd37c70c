import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '../base/log.ts';
import { formatBytes, formatCount } from '../base/units.ts';
import type { Config } from '../config/schema.ts';
import { completedFilesReclaimer } from '../deliver/retention.ts';
import { Spool } from '../deliver/spool/spool.ts';
import { budgetSettings } from '../gather/capture/service.ts';
import { unsentReadings } from '../gather/capture/unsent-readings.ts';
import { recordedCloneReclaimer } from '../gather/repos/cache/reclaimer.ts';
import { type DiskBudgetPreview, measureDisk, previewBudget } from '../keep/disk/budget.ts';
import { inOrderOfGivingWay } from '../keep/disk/plan.ts';
import type { FreedSpace } from '../keep/local/captures.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { existingDatabase, withCache, withCaptures, withJournal } from './stores.ts';
import { jsonText, printable, styleFor } from './terminal.ts';

const FREED_SHOWN = 20;

/** Prints what would give way on a full disk now, and what has; changes nothing. Beside a station or without one. */
export async function printDiskPlan(
  options: GlobalOptions & { readonly json?: boolean },
  cli: Cli,
): Promise<void> {
  const { config } = await load(options, cli);
  const { directory } = config.capture;
  const incoming = join(config.deliver.directory, 'incoming');
  const place = [directory, config.root, cli.cwd].find(path => existsSync(path)) ?? cli.cwd;
  const database = existingDatabase(config);
  await withCaptures(database, cli, captures =>
    withJournal(database, cli, async journal => {
      const { clock } = cli;
      const spool = new Spool(config.deliver.directory);
      const plan = await withClones(config, place, cli, clones =>
        previewBudget({
          settings: () => budgetSettings(config),
          measure: () => measureDisk(place),
          reclaimers: inOrderOfGivingWay(
            completedFilesReclaimer({ spool, journal, clock, log: silentLogger }),
            clones,
          ),
          unsent: unsentReadings({ directory, incoming, captures, clock, delivery: undefined }),
        }),
      );
      const freed = captures.listFreed(FREED_SHOWN);
      const { disabled, collectors } = config.capture;
      const inForce = !disabled && collectors.some(one => !one.disabled);
      cli.stdout.write(
        options.json ? `${jsonText({ inForce, plan, freed })}\n` : renderPlan(plan, freed, inForce, cli),
      );
    }),
  );
}

type CountedClones = ReturnType<typeof recordedCloneReclaimer>;

/** The clones that may give way, as the cache's own rules have it; none where there is no database yet. */
async function withClones<T>(
  config: Config,
  place: string,
  cli: Cli,
  use: (clones: readonly CountedClones[]) => Promise<T>,
): Promise<T> {
  if (!existsSync(config.database)) return use([]);
  return withCache(config, cli, cache => use([recordedCloneReclaimer(cache, config.cache.directory, place)]));
}

function renderPlan(
  plan: DiskBudgetPreview,
  freed: readonly FreedSpace[],
  inForce: boolean,
  cli: Cli,
): string {
  const style = styleFor(cli.stdout, cli.env);
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const lines = [
    `${style.bold('disk')}     ${percent(plan.usedShare)} in use, ${percent(plan.captureShare)} by unsent readings`,
    `${style.bold('inodes')}   ${percent(plan.usedInodeShare)} in use, ${percent(plan.captureInodeShare)} by unsent readings`,
    `${style.bold('plan')}     ${plan.full ? `${amount(plan.neededBytes, plan.neededInodes)} must give way` : 'there is room; nothing gives way'}`,
  ];
  if (!inForce) lines.push('         captures are off, so that nothing is done about a full disk');
  for (const { name, bytes, inodes } of plan.steps)
    lines.push(`  free   ${amount(bytes, inodes)} of ${name}`);
  const { missingBytes, missingInodes } = plan;
  if (plan.full && missingBytes + missingInodes > 0 && !plan.losesReadings)
    lines.push(`  still  ${amount(missingBytes, missingInodes)} short, and readings are not to blame`);
  for (const { path, bytes, readings } of plan.files)
    lines.push(
      `  ${style.bad('lose')}   ${printable(path)}  ${formatCount(readings, 'reading')}, ${formatBytes(bytes)}`,
    );
  for (const { atMs, step, path, bytes, readings, lost } of freed) {
    const what = lost
      ? `${style.bad('lost')}   ${printable(path ?? '')}  ${formatCount(readings, 'reading')}`
      : `freed  ${step}`;
    lines.push(`  ${what}, ${formatBytes(bytes)} at ${new Date(atMs).toISOString()}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Of a disk that is short of the one, the other or both. Pure. */
function amount(bytes: number, inodes: number): string {
  const parts = [bytes > 0 ? formatBytes(bytes) : '', inodes > 0 ? `${inodes} inodes` : ''];
  return parts.filter(part => part !== '').join(' and ') || formatBytes(0);
}
