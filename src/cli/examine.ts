import { SluiceError } from '../base/errors.ts';
import type { Destination } from '../deliver/destinations.ts';
import { type ProbeStep, probeProfile } from '../keep/buckets/probe.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { type Check, checkStation } from './station-checks.ts';
import { withDestinations } from './stores.ts';
import { jsonText, printable, type Style, styleFor } from './terminal.ts';

export interface ExamineOptions extends GlobalOptions {
  readonly bucket?: readonly string[];
  readonly readOnly?: boolean;
  readonly json?: boolean;
}

/** Probes the profiles named; where none is, all of them, and looks at the whole station. Says what works. Answers whether everything is well. */
export async function examine(names: readonly string[], options: ExamineOptions, cli: Cli): Promise<boolean> {
  const signal = cli.stopSignal();
  const loaded = await load(options, cli);
  const { config } = loaded;
  const checks = names.length === 0 ? await checkStation(loaded, cli, signal) : [];
  const style = styleFor(cli.stdout, cli.env);
  if (!options.json && checks.length > 0) cli.stdout.write(renderChecks(checks, style));
  const isWell = await withDestinations(config, cli, async destinations => {
    let well = checks.every(({ outcome }) => outcome !== 'failed');
    for (const { profile, endpoint, store } of chosen(names, destinations)) {
      const steps = await probeProfile(store, {
        writes: options.readOnly !== true,
        signal,
        buckets: options.bucket,
      });
      well &&= steps.every(({ outcome }) => outcome !== 'failed');
      cli.stdout.write(
        options.json
          ? `${jsonText({ profile, endpoint, steps })}\n`
          : render(profile, endpoint, steps, style),
      );
    }
    return well;
  });
  if (options.json) for (const check of checks) cli.stdout.write(`${jsonText(check)}\n`);
  return isWell;
}

function chosen(names: readonly string[], destinations: readonly Destination[]): readonly Destination[] {
  const known = destinations.map(({ profile }) => profile);
  const unknown = names.filter(name => !known.includes(name));
  if (unknown.length > 0) {
    throw new SluiceError('usage', `no profile ${unknown.join(', ')}; there are ${known.join(', ')}`);
  }
  return names.length === 0 ? destinations : destinations.filter(({ profile }) => names.includes(profile));
}

function render(profile: string, endpoint: string, steps: readonly ProbeStep[], style: Style): string {
  const lines = steps.map(({ step, ...found }) => findingLines(step, found, style));
  return `${style.bold(printable(profile))}  ${style.dim(printable(endpoint))}\n${lines.join('')}`;
}

function renderChecks(checks: readonly Check[], style: Style): string {
  return `${style.bold('station')}\n${checks.map(({ check, ...found }) => findingLines(check, found, style)).join('')}`;
}

function findingLines(name: string, { outcome, words, hint }: Omit<Check, 'check'>, style: Style): string {
  const marks = { ok: style.accent('ok     '), failed: style.bad('failed '), skipped: style.dim('skipped') };
  const line = `  ${marks[outcome]}  ${name.padEnd(13)}  ${printable(words)}\n`;
  return hint === undefined ? line : `${line}${' '.repeat(26)}${printable(hint)}\n`;
}
