import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { startGithub } from '../../test/support/forge/github.ts';
import { startS3Server } from '../../test/support/s3-server/server.ts';
import { type RunningStation, startStation, until } from '../../test/support/sluice.ts';
import { addTopics, exampleTopics, isEnough, type Topic, topicsOf } from './merges.ts';

/** A repository whose real history is shown. */
export interface Source {
  /** As it is called on the pictures: `restic/restic`. */
  readonly name: string;
  /** Any path that git can clone. */
  readonly path: string;
}

export interface PictureStation {
  readonly station: RunningStation;
  /** Where the first repository is, as the station names it. */
  readonly mainUrl: string;
  /** Day of the last commit of the first repository, and of the last merge that is shown. */
  readonly lastCommit: string;
  readonly lastMerge: string;
  /** Whether changesets are those of a history. */
  readonly areChangesetsReal: boolean;
  /** Whether any of them waits to be merged: the page shows those first. */
  readonly hasOpenChangesets: boolean;
}

/** A full history of churn may take so long. */
const READ_MS = 15 * 60_000;

/**
 * A station that keeps real repositories fresh, follows changesets made of their merges, captures from this machine, and
 * has delivered files to a local server of S3's protocol, where one bucket refuses what comes.
 * @param folders where it stands, and where its repositories come from
 * @param sources the first is the one that is shown by itself, with its churn
 */
export async function pictureStation(
  t: TestContext,
  folders: { readonly cwd: string; readonly origins: string },
  sources: readonly Source[],
): Promise<PictureStation> {
  const { cwd, origins } = folders;
  const clones = sources.map(source => cloneOf(source, origins));
  const [main] = clones;
  if (!main) throw new Error('no repository is given');
  const found = clones
    .map(clone => ({ ...clone, topics: topicsOf(clone.path) }))
    .toSorted((one, other) => openOnes(other.topics) - openOnes(one.topics) || size(other) - size(one));
  const [best = { ...main, topics: [] }] = found;
  const areChangesetsReal = isEnough(best.topics);
  const [project, topics] = areChangesetsReal
    ? [best.name.includes('/') ? best.name : `${best.name}/${best.name}`, best.topics]
    : ['example/firmware', exampleTopics(Date.now())];
  const host = await startGithub(t, { tokens: ['good'] });
  addTopics(host.model, project, topics);
  const server = await startS3Server({ buckets: ['results', 'archive'] });
  t.after(() => server.stop());
  server.quirks.refuses = ({ bucket, key = '' }) => {
    if (bucket === 'archive' && key !== '') return { status: 403, code: 'AccessDenied' };
    return key.endsWith('.part') ? { status: 400, code: 'EntityTooLarge' } : undefined;
  };
  const { accessKeyId, secretAccessKey } = server.credential;
  writeFileSync(
    join(cwd, 'credentials'),
    `[lab]\nprovider = s3\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\naws_region = ${server.region}\naws_endpoint = ${server.endpoint}\naddressing_style = path\n`,
    { mode: 0o600 },
  );
  writeFileSync(join(cwd, 'heat'), '41500\n');
  const station = await startStation(t, {
    cwd,
    args: ['--only-credentials', 'credentials'],
    yaml: `
repos:
${clones.map(({ path }, at) => `  - {url: ${path}${at === 0 ? ', churn: true' : ''}}`).join('\n')}
  - ${join(origins, 'moved-away.git')}
cache: {neverEvict: [${main.path}]}
hosts:
  "${host.host}": {kind: github, baseUrl: "${host.origin}", token: good, maxCallsPerHour: 900}
changesets:
  follow: [{repository: "${host.origin}/${project}"}]
capture:
  station: robot-7
  collectors:
    - {name: heat, every: 1s, file: heat, to: s3://lab/results/readings}
    - {name: load, every: 2s, exec: [cat, /proc/loadavg], format: text, to: s3://lab/results/readings}
    - {name: valve, every: 5s, file: not-there, to: s3://lab/results/readings}
sync: {interval: 5s}
`,
  });
  const numbers = host.model.changesets.map(({ number }) => number);
  await station.ask('/api/v1/changesets', {
    urls: numbers.map(number => `${host.origin}/${project}/pull/${number}`),
  });
  putFiles(cwd);
  await untilWhole(station, main.path, clones.length, numbers.length);
  const lastMs = Math.max(...topics.filter(({ isMerged }) => isMerged).map(each => each.updatedAtMs));
  return {
    station,
    mainUrl: main.path,
    lastCommit: main.lastCommit,
    lastMerge: new Date(lastMs).toISOString().slice(0, 10),
    areChangesetsReal,
    hasOpenChangesets: openOnes(topics) > 0,
  };
}

function openOnes(topics: readonly Topic[]): number {
  return topics.filter(({ isMerged }) => !isMerged).length;
}

function size({ topics }: { readonly topics: readonly Topic[] }): number {
  return topics.length;
}

/** A bare clone under the name that is shown, with its branches alone. */
function cloneOf({ name, path }: Source, origins: string) {
  const clone = join(origins, `${name}.git`);
  mkdirSync(dirname(clone), { recursive: true });
  execFileSync('git', ['clone', '--quiet', '--bare', '--', path, clone]);
  const lastCommit = execFileSync('git', [`--git-dir=${clone}`, 'log', '-1', '--format=%cs'], {
    encoding: 'utf8',
  }).trim();
  return { name, path: clone, lastCommit };
}

/** Files of a measurement: most arrive, some are too large for the bucket, some go where nobody may write. */
function putFiles(cwd: string): void {
  const put = (bucket: string, path: string, bytes: number): void => {
    const file = join(cwd, 'station', 'incoming', 'lab', bucket, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.alloc(bytes));
  };
  for (let at = 0; at < 180; at += 1) {
    const day = `2026/day-${String(1 + (at % 28)).padStart(2, '0')}`;
    put('results', `scans/${day}/scan-${String(at).padStart(4, '0')}.bin`, 20_000 + ((at * 7919) % 900_000));
    if (at % 12 === 0) put('results', `scans/${day}/volume-${at}.part`, 2_000_000 + at * 9_000);
    if (at % 30 === 0) put('archive', `months/${day}/scan-${at}.tar`, 300_000 + at * 5_000);
  }
}

interface Behind {
  readonly url: string;
  readonly state: string;
  readonly progress: string;
}

/** Until histories, churn, changesets and files are where they will be. */
async function untilWhole(
  station: RunningStation,
  mainUrl: string,
  repositories: number,
  changesets: number,
): Promise<void> {
  const deadlineMs = Date.now() + READ_MS;
  const whole = async (what: string, check: () => Promise<boolean>): Promise<void> => {
    while (!(await check())) {
      if (Date.now() > deadlineMs) throw new Error(`waited in vain until ${what}`);
      await new Promise(resolve => setTimeout(resolve, 500));
    }
  };
  const asked = async <T>(path: string): Promise<T> => (await station.ask(path)).body as unknown as T;
  await whole('histories are read', async () => {
    const { repositories: all } = await asked<{ repositories: readonly { state: string }[] }>(
      '/api/v1/repositories',
    );
    return all.filter(({ state }) => state === 'ok').length === repositories;
  });
  await whole('churn is read', async () => {
    const { repos } = await asked<{ repos: { churn: { behind: readonly Behind[] } } }>('/api/v1/status');
    const failing = repos.churn.behind.find(({ state }) => state === 'failing');
    if (failing) throw new Error(`churn of ${failing.url}: ${failing.progress}`);
    const { unread = [], files } = await asked<{
      unread?: readonly unknown[];
      files: readonly unknown[];
    }>(`/api/v1/insights/hotspots?repo=${encodeURIComponent(mainUrl)}`);
    return unread.length === 0 && files.length > 0;
  });
  await whole('changesets are synced', async () => {
    const { changesets: all } = await asked<{ changesets: { followed: number } }>('/api/v1/status');
    return all.followed >= changesets;
  });
  await until('files are delivered', async () => {
    const { deliveries } = await asked<{ deliveries: { completed: number; uploading: number } }>(
      '/api/v1/status',
    );
    return deliveries.completed >= 180 && deliveries.uploading === 0;
  });
}
