/**
 * `sluice copy -r --wait` of many small files against rclone and s5cmd with the same files and server:
 * `node bench/copy-small.ts [--files 5000] [--bytes 4096] [--rounds 3] [--rclone PROGRAM] [--s5cmd PROGRAM]
 * [--transfers 32] [--directory DIR]`.
 *
 * sluice is the command beside a running station: each file is copied into the station's folder, put on record, flushed,
 * sent and proven, and the command ends when all are delivered. Its processor time is the command's and the station's
 * together. rclone and s5cmd copy the same folder; their time is that of the command. All take turns within a round, in
 * another order each time; ratios are medians over the rounds. The server is versitygw in a process of its own, its data
 * in memory. There is no target: what a copy of its own costs is to be known.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startGateway } from './support/gateway.ts';
import { type Measured, machine, measure, median } from './support/measure.ts';
import { findProgram, rclonePeer, s5cmdPeer } from './support/peers.ts';
import { cpuMsOf } from './support/processes.ts';
import { fillFolder } from './support/small-files.ts';
import { startStation } from './support/station.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '5000' },
    bytes: { type: 'string', default: '4096' },
    rounds: { type: 'string', default: '3' },
    transfers: { type: 'string', default: '32' },
    rclone: { type: 'string' },
    s5cmd: { type: 'string' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const files = Number(values.files);
const bytes = Number(values.bytes);
const rounds = Number(values.rounds);
const BUCKET = 'bench';
const MAIN = resolve(import.meta.dirname, '../bin/sluice.js');

type Turn = Pick<Measured, 'wallMs' | 'cpuMs'>;
interface Contender {
  readonly label: string;
  readonly turns: Turn[];
  readonly take: (prefix: string) => Promise<Turn>;
}

const folder = mkdtempSync(join(values.directory, 'sluice-bench-'));
const gateway = await startGateway();
const { server } = gateway;
const cwd = join(folder, 'station');
const station = await startStation({ folder: cwd, server });
try {
  await gateway.createBucket(BUCKET);
  const source = join(folder, 'source');
  fillFolder(source, files, bytes);
  const rclone = await findProgram('rclone', values.rclone);
  const s5cmd = await findProgram('s5cmd', values.s5cmd);
  const transfers = Number(values.transfers);
  const peers = [
    ...(rclone
      ? [await rclonePeer(rclone, transfers, true), await rclonePeer(rclone, transfers, false)]
      : []),
    ...(s5cmd ? [await s5cmdPeer(s5cmd)] : []),
  ];
  const copy: Contender = {
    label: 'sluice copy -r --wait',
    turns: [],
    async take(prefix) {
      const args = ['copy', '-r', source, `s3://cloud/${BUCKET}/${prefix}`, '--wait'];
      const beforeMs = cpuMsOf(station.pid);
      const { wallMs, cpuMs } = await measure(process.execPath, [MAIN, ...args], {
        cwd,
        env: { ...process.env, HOME: cwd },
      });
      return { wallMs, cpuMs: cpuMs + cpuMsOf(station.pid) - beforeMs };
    },
  };
  const contenders: Contender[] = [
    copy,
    ...peers.map(peer => ({
      label: peer.label,
      turns: [],
      take: (prefix: string) => peer.upload(server, source, BUCKET, prefix),
    })),
  ];
  const versions = [server.name, ...new Set(peers.map(({ version }) => version))].join(', ');
  const load = loadavg()
    .map(each => each.toFixed(1))
    .join(' ');
  console.log(`${machine()}; load ${load}; ${versions}; ${files} files of ${bytes} bytes, ${rounds} rounds`);
  for (let round = 0; round < rounds; round += 1) {
    for (const index of contenders.keys()) {
      const one = contenders[(index + round) % contenders.length] as Contender;
      const prefix = `${one.label.replace(/\W+/g, '-')}-${round}`;
      one.turns.push(await one.take(prefix));
      const { objects, bytes: sum } = await gateway.count(BUCKET, `${prefix}/`);
      if (objects !== files || sum !== files * bytes)
        throw new Error(`${objects} objects of ${sum} bytes lie in ${prefix}`);
    }
  }
  for (const { label, turns } of contenders) {
    const of = (pick: (turn: Turn) => number): number => median(turns.map(pick));
    const ratio = (pick: (turn: Turn) => number): string =>
      median(copy.turns.map((turn, round) => pick(turn) / pick(turns[round] as Turn))).toFixed(2);
    const figures = `${(of(turn => turn.wallMs) / 1000).toFixed(2)} s, processor time ${((of(turn => turn.cpuMs) * 1000) / files).toFixed(0)} µs a file`;
    const compared =
      label === copy.label
        ? ''
        : `; sluice takes ${ratio(turn => turn.wallMs)} × its time, ${ratio(turn => turn.cpuMs)} × its processor time`;
    console.log(`${label.padEnd(22)} ${figures}${compared}`);
  }
} finally {
  await station.stop();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
}
