import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuMsOf, memoryOf } from './processes.ts';

const sleep = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms));

export interface PeerFigures {
  readonly cpuPercent: number;
  readonly peakMib: number;
  readonly readings: number;
}

/**
 * The job of `many` in Telegraf (bench/peers/telegraf.sh builds one): so many inputs of one file every 100 ms, a JSON
 * line a reading into one file, flushed every second. It forces nothing onto the disk and sends nothing anywhere.
 */
export async function runTelegraf(program: string, inputs: number, seconds: number): Promise<PeerFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const output = join(folder, 'out.json');
  writeFileSync(join(folder, 'value'), '42.5\n');
  writeFileSync(join(folder, 'telegraf.conf'), settings(folder, output, inputs));
  const child = spawn(program, ['--quiet', '--config', join(folder, 'telegraf.conf')], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const pid = child.pid ?? 0;
  const lines = (): number => readFileSync(output, 'latin1').split('\n').length - 1;
  try {
    await sleep(3_000);
    const before = { cpuMs: cpuMsOf(pid), readings: lines(), atMs: performance.now() };
    await sleep(seconds * 1000);
    const cpuPercent = ((cpuMsOf(pid) - before.cpuMs) / (performance.now() - before.atMs)) * 100;
    return { cpuPercent, peakMib: memoryOf(pid).peakMib, readings: lines() - before.readings };
  } finally {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

function settings(folder: string, output: string, inputs: number): string {
  const input = (index: number): string =>
    `[[inputs.file]]
  files = ["${join(folder, 'value')}"]
  name_override = "c${index}"
  data_format = "value"
  data_type = "float"
`;
  return `[agent]
  interval = "100ms"
  flush_interval = "1s"
  metric_batch_size = 2000
  metric_buffer_limit = 20000
  omit_hostname = true
[[outputs.file]]
  files = ["${output}"]
  data_format = "json"
  json_timestamp_units = "1ms"
${Array.from({ length: inputs }, (_, index) => input(index)).join('')}`;
}
