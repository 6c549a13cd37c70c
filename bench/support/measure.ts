import { spawn } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { cpuMsOf, memoryOf } from './processes.ts';

export interface Measured {
  readonly wallMs: number;
  /** Largest resident size of the process itself, children not counted. */
  readonly peakRssMiB: number;
  /** Processor time of the process itself, as last seen before its end. */
  readonly cpuMs: number;
  readonly stdout: string;
}

/**
 * How often a running process's peak is read; its last value before the end is what counts. Reading takes time from
 * what is measured.
 */
const SAMPLE_MS = 20;

/** Runs a command to its end and answers its wall time and peak memory. Throws when it fails. */
export function measure(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly discard?: boolean; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const stdout = options.discard ? 'ignore' : 'pipe';
    const { cwd, env } = options;
    const child = spawn(command, [...args], { cwd, env, stdio: ['ignore', stdout, 'inherit'] });
    let output = '';
    let peakRssMiB = 0;
    let cpuMs = 0;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const sample = setInterval(() => {
      peakRssMiB = Math.max(peakRssMiB, memoryOf(child.pid ?? 0).peakMib);
      cpuMs = Math.max(cpuMs, cpuMsOf(child.pid ?? 0));
    }, SAMPLE_MS);
    child.on('error', reject);
    child.on('close', code => {
      clearInterval(sample);
      const wallMs = performance.now() - startMs;
      if (code === 0) resolve({ wallMs, peakRssMiB, cpuMs, stdout: output });
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}`));
    });
  });
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of the values lies (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** One line about the machine and the runtime, for the head of every benchmark's output. */
export function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${memory} GiB, Node ${process.versions.node}`;
}
