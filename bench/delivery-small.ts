/**
 * Many small files from `incoming` to `completed`, journal on, against rclone and s5cmd with the same files and server:
 * `node bench/delivery-small.ts [--files 5000] [--bytes 4096] [--rounds 5] [--verify head,answer] [--rclone PROGRAM]
 * [--s5cmd PROGRAM] [--transfers 32] [--at-once 256] [--alone] [--latency MS] [--directory DIR]`.
 *
 * sluice is a running station (`sluice up`, log on): a folder with the files is renamed into `incoming`, and the time
 * runs until the database says that the last is `completed`. rclone and s5cmd copy the same folder; their time is that
 * of the command. All take turns within a round, in another order each time; ratios are medians over the rounds. The
 * server is versitygw in a process of its own, its data in memory; with `--latency` all go through a proxy that makes a way
 * there and back take so long (bench/delay-proxy.ts). Ends with 0 when every target was met, else 1.
 */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type RealServer, run } from '../scripts/real-s3/server.ts';
import { type Gateway, startGateway } from './support/gateway.ts';
import { startDelayProxy } from './support/listeners.ts';
import { machine, median } from './support/measure.ts';
import { findProgram, type Peer, rclonePeer, s5cmdPeer } from './support/peers.ts';
import { cpuMsOf } from './support/processes.ts';
import { type BenchStation, startStation } from './support/station.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '5000' },
    bytes: { type: 'string', default: '4096' },
    rounds: { type: 'string', default: '5' },
    verify: { type: 'string', default: 'head,answer' },
    'at-once': { type: 'string', default: '256' },
    transfers: { type: 'string', default: '32' },
    rclone: { type: 'string' },
    s5cmd: { type: 'string' },
    alone: { type: 'boolean', default: false },
    latency: { type: 'string', default: '0' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const files = Number(values.files);
const bytes = Number(values.bytes);
const rounds = Number(values.rounds);
const PATIENCE_MS = 120_000;
const BUCKET = 'bench';

interface Turn {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly serverCpuMs: number;
}
interface Contender {
  readonly label: string;
  readonly turns: Turn[];
  readonly take: (round: number) => Promise<Turn>;
}

/** The files, in ten folders. */
function fill(folder: string): void {
  for (let number = 0; number < files; number += 1) {
    const inner = join(folder, String(number % 10));
    if (number < 10) mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, `${number}.bin`), randomBytes(bytes));
  }
}

function stationContender(
  verify: string,
  station: BenchStation,
  source: string,
  gateway: Gateway,
): Contender {
  const staged = join(station.root, 'staged');
  mkdirSync(join(station.root, 'incoming/cloud', BUCKET), { recursive: true });
  return {
    label: `sluice, verify: ${verify}`,
    turns: [],
    async take(round) {
      cpSync(source, staged, { recursive: true });
      await run('sync', ['-f', staged]);
      const before = station.completed();
      const cpuMs = cpuMsOf(station.pid);
      const serverCpuMs = cpuMsOf(gateway.server.pid ?? 0);
      const startMs = performance.now();
      renameSync(staged, join(station.root, 'incoming/cloud', BUCKET, `${verify}-${round}`));
      await station.untilCompleted(before + files, PATIENCE_MS);
      const wallMs = performance.now() - startMs;
      const turn = {
        wallMs,
        cpuMs: cpuMsOf(station.pid) - cpuMs,
        serverCpuMs: cpuMsOf(gateway.server.pid ?? 0) - serverCpuMs,
      };
      const place = join(station.root, 'completed/cloud', BUCKET, `${verify}-${round}`);
      const lying = readdirSync(place, { recursive: true, withFileTypes: true }).filter(one =>
        one.isFile(),
      ).length;
      if (lying !== files) throw new Error(`${lying} files lie in ${place}`);
      await assertThere(gateway, `${verify}-${round}/`);
      return turn;
    },
  };
}

function peerContender(peer: Peer, source: string, gateway: Gateway, server: RealServer): Contender {
  return {
    label: peer.label,
    turns: [],
    async take(round) {
      const prefix = `${peer.label.replace(/\W+/g, '-')}-${round}`;
      const serverCpuMs = cpuMsOf(gateway.server.pid ?? 0);
      const { wallMs, cpuMs } = await peer.upload(server, source, BUCKET, prefix);
      const turn = { wallMs, cpuMs, serverCpuMs: cpuMsOf(gateway.server.pid ?? 0) - serverCpuMs };
      await assertThere(gateway, `${prefix}/`);
      return turn;
    },
  };
}

async function assertThere(gateway: Gateway, prefix: string): Promise<void> {
  const { objects, bytes: sum } = await gateway.count(BUCKET, prefix);
  if (objects !== files || sum !== files * bytes)
    throw new Error(`${objects} objects of ${sum} bytes lie in ${prefix}`);
}

async function peers(): Promise<Peer[]> {
  if (values.alone) return [];
  const rclone = await findProgram('rclone', values.rclone);
  const s5cmd = await findProgram('s5cmd', values.s5cmd);
  const transfers = Number(values.transfers);
  const present: Peer[] = [];
  if (rclone)
    present.push(await rclonePeer(rclone, transfers, true), await rclonePeer(rclone, transfers, false));
  if (s5cmd) present.push(await s5cmdPeer(s5cmd));
  return present;
}

function report(contenders: readonly Contender[]): boolean {
  const rate = ({ turns }: Contender): number => (files / median(turns.map(({ wallMs }) => wallMs))) * 1000;
  for (const one of contenders) {
    const spread = one.turns.map(({ wallMs }) => Math.round((files / wallMs) * 1000)).join(' ');
    const each = (pick: (turn: Turn) => number): string =>
      ((median(one.turns.map(pick)) / files) * 1000).toFixed(0).padStart(4);
    console.log(
      `${one.label.padEnd(22)} ${rate(one).toFixed(0).padStart(5)} objects/s, processor time an object: own ${each(turn => turn.cpuMs)} µs, server's ${each(turn => turn.serverCpuMs)} µs   [${spread}]`,
    );
  }
  /** Median of the ratios within each round: what else the machine did then met both. */
  const ratio = (sluice: Contender, peer: Contender): number =>
    median(sluice.turns.map(({ wallMs }, round) => (peer.turns[round]?.wallMs ?? Number.NaN) / wallMs));
  let isMet = true;
  for (const sluice of contenders.filter(({ label }) => label.startsWith('sluice'))) {
    for (const peer of contenders.filter(({ label }) => !label.startsWith('sluice'))) {
      const wanted = peer.label.startsWith('rclone') ? 2 : 1;
      const measured = ratio(sluice, peer);
      if (measured < wanted) isMet = false;
      console.log(
        `${sluice.label} : ${peer.label} = ${measured.toFixed(2)} (target ${wanted.toFixed(1)}, ${measured >= wanted ? 'met' : 'NOT met'})`,
      );
    }
  }
  return isMet;
}

const folder = mkdtempSync(join(values.directory, 'sluice-bench-'));
const gateway = await startGateway();
const stations: BenchStation[] = [];
const latencyMs = Number(values.latency);
const proxy = latencyMs > 0 ? await startDelayProxy(gateway.server.endpoint, latencyMs) : undefined;
const server: RealServer = { ...gateway.server, endpoint: proxy?.endpoint ?? gateway.server.endpoint };
try {
  await gateway.createBucket(BUCKET);
  const source = join(folder, 'source');
  fill(source);
  const others = await peers();
  const versions = [gateway.server.name, ...new Set(others.map(({ version }) => version))].join(', ');
  console.log(
    `${machine()}; ${versions}; ${files} files of ${bytes} bytes, ${rounds} rounds${proxy ? `, ${latencyMs} ms to the server and back` : ''}`,
  );
  const contenders: Contender[] = [];
  for (const verify of values.verify.split(',')) {
    const deliver = [`verify: ${verify}`, `smallAtOnce: ${values['at-once']}`];
    const station = await startStation({ folder: join(folder, verify), server, deliver });
    stations.push(station);
    contenders.push(stationContender(verify, station, source, gateway));
  }
  contenders.push(...others.map(peer => peerContender(peer, source, gateway, server)));
  for (let round = 0; round < rounds; round += 1) {
    const order = contenders.map((_, index) => contenders[(index + round) % contenders.length] as Contender);
    for (const one of order) one.turns.push(await one.take(round));
  }
  const isMet = report(contenders);
  console.log(isMet ? 'delivery-small: all targets met' : 'delivery-small: a target was NOT met');
  process.exitCode = isMet ? 0 : 1;
} finally {
  for (const station of stations) await station.stop();
  await proxy?.stop();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
}
