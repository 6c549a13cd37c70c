import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  freePort,
  onPath,
  type Program,
  type RealServerKind,
  run,
  startProgram,
  untilAnswers,
} from './server.ts';

const PROGRAMS = ['radosgw', 'radosgw-admin', 'ceph', 'ceph-mon', 'ceph-osd', 'ceph-authtool', 'monmaptool'];
const PACKAGES = ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common'];
/** Monitor map and first pools on a busy machine. */
const STEP_BUDGET_MS = 30_000;
const KEYS = { access: 'SLUICEREALTEST', secret: 'sluice-real-test-secret' };

/**
 * Ceph's gateway over a cluster of one monitor and one OSD in memory: another implementation altogether, and an old one
 * in Debian.
 */
export const radosgw: RealServerKind = {
  name: 'radosgw',
  async obtain(budgetMs) {
    const path = await installed();
    if (path !== undefined) return { path };
    if ((await onPath('apt-get')) === undefined) return { why: 'not on the PATH, and there is no apt-get' };
    if (process.getuid?.() !== 0)
      return { why: `not on the PATH; as root: apt-get install ${PACKAGES.join(' ')}` };
    console.error(`real-s3: apt-get install ${PACKAGES.join(' ')} (once; half a minute)`);
    try {
      await run('apt-get', ['install', '-y', '--no-install-recommends', ...PACKAGES], {
        timeout: budgetMs,
        maxBuffer: 2 ** 26,
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    } catch (error) {
      return {
        why: `apt-get install failed: ${String((error as { stderr?: string }).stderr ?? error).trim()}`,
      };
    }
    const found = await installed();
    return found === undefined ? { why: 'installed, but not on the PATH' } : { path: found };
  },

  async start(path, folder) {
    const programs: Program[] = [];
    const stop = async (): Promise<void> => {
      for (const program of programs.splice(0).reverse()) await program.stop();
    };
    try {
      const port = await freePort();
      const cluster = await writeConfig(folder, port);
      const { config } = cluster;
      await startCluster(folder, cluster, programs);
      const gateway = startProgram(path, ['-c', config, '-n', 'client.rgw', '-f']);
      programs.push(gateway);
      const endpoint = `http://127.0.0.1:${port}`;
      await untilAnswers(endpoint, gateway, 2 * STEP_BUDGET_MS);
      const user = ['user', 'create', '--uid=test', '--display-name=test'];
      const keys = [`--access-key=${KEYS.access}`, `--secret-key=${KEYS.secret}`];
      await ceph('radosgw-admin', config, ['-n', 'client.rgw', ...user, ...keys]);
      const { stdout } = await run(path, ['--version']);
      return {
        name: `radosgw, ${/ceph version \S+/.exec(stdout)?.[0] ?? 'unknown version'}`,
        endpoint,
        region: 'us-east-1',
        accessKeyId: KEYS.access,
        secretAccessKey: KEYS.secret,
        nestsKeys: true,
        maxSegmentBytes: 1024,
        // Ceph keeps CRC32s from version 20 on.
        keepsChecksums: false,
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  },
};

async function installed(): Promise<string | undefined> {
  const paths = await Promise.all(PROGRAMS.map(onPath));
  return paths.every(path => path !== undefined) ? paths[0] : undefined;
}

const ceph = (program: string, config: string, args: readonly string[]) =>
  run(program, ['-c', config, ...args], { timeout: STEP_BUDGET_MS });

interface Cluster {
  /** Path of ceph.conf. */
  readonly config: string;
  readonly id: string;
  /** Address of the monitor. */
  readonly monitor: string;
}

async function writeConfig(folder: string, gatewayPort: number): Promise<Cluster> {
  const path = join(folder, 'ceph.conf');
  for (const name of ['mon', 'osd', 'run']) await mkdir(join(folder, name));
  const id = randomUUID();
  const monitor = `127.0.0.1:${await freePort()}`;
  const lines = [
    '[global]',
    `fsid = ${id}`,
    `mon_host = ${monitor}`,
    'mon_initial_members = a',
    'public_addr = 127.0.0.1',
    'cluster_addr = 127.0.0.1',
    'osd_pool_default_size = 1',
    'osd_pool_default_min_size = 1',
    'osd_pool_default_pg_num = 8',
    'osd_crush_chooseleaf_type = 0',
    'osd_objectstore = memstore',
    'memstore_device_bytes = 1073741824',
    'mon_allow_pool_size_one = true',
    'mon_data_avail_crit = 1',
    `run_dir = ${join(folder, 'run')}`,
    `admin_socket = ${join(folder, 'run')}/$name.asok`,
    `log_file = ${folder}/$name.log`,
    `mon_data = ${join(folder, 'mon')}`,
    `osd_data = ${join(folder, 'osd')}`,
    `keyring = ${join(folder, 'keyring')}`,
    'pid_file =',
    '[client.rgw]',
    // The gateway has a default of its own for this one.
    `keyring = ${join(folder, 'keyring')}`,
    `rgw_frontends = beast endpoint=127.0.0.1:${gatewayPort}`,
    'rgw_run_sync_thread = false',
  ];
  await writeFile(path, `${lines.join('\n')}\n`);
  return { config: path, id, monitor };
}

async function startCluster(folder: string, cluster: Cluster, programs: Program[]): Promise<void> {
  const { config } = cluster;
  const keyring = join(folder, 'keyring');
  const monitorMap = join(folder, 'monmap');
  const all = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *'];
  for (const name of ['mon.', 'client.admin', 'client.rgw', 'osd.0']) {
    const create = name === 'mon.' ? ['--create-keyring'] : [];
    await run('ceph-authtool', [...create, keyring, '--gen-key', '-n', name, ...all]);
  }
  const monitor = ['--add', 'a', cluster.monitor, '--fsid', cluster.id];
  await run('monmaptool', ['--create', '--clobber', ...monitor, monitorMap]);
  await ceph('ceph-mon', config, ['--mkfs', '-i', 'a', '--monmap', monitorMap, '--keyring', keyring]);
  programs.push(startProgram('ceph-mon', ['-c', config, '-i', 'a', '-f']));
  const osd = randomUUID();
  await ceph('ceph', config, ['--connect-timeout', '20', 'osd', 'new', osd]);
  await ceph('ceph-osd', config, ['-i', '0', '--mkfs', '--osd-uuid', osd]);
  programs.push(startProgram('ceph-osd', ['-c', config, '-i', '0', '-f']));
}
