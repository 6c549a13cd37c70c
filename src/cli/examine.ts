import { SluiceError } from '../base/errors.ts';
import type { Destination } from '../deliver/destinations.ts';
import { type ProbeStep, probeProfile } from '../keep/buckets/probe.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { withDestinations } from './stores.ts';
import { jsonText, printable, type Style, styleFor } from './terminal.ts';

export interface ExamineOptions extends GlobalOptions {
  readonly bucket?: readonly string[];
  readonly readOnly?: boolean;
  readonly json?: boolean;
}

/** Probes the profiles named, or all, and says what works. Answers whether everything is well. */
export async function examine(names: readonly string[], options: ExamineOptions, cli: Cli): Promise<boolean> {
  const signal = cli.stopSignal();
  const { config } = await load(options, cli);
  return withDestinations(config, cli, async destinations => {
    let well = true;
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
          : render(profile, endpoint, steps, styleFor(cli.stdout, cli.env)),
      );
    }
    return well;
  });
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
  const marks = { ok: style.accent('ok     '), failed: style.bad('failed '), skipped: style.dim('skipped') };
  const lines = steps.flatMap(({ step, outcome, words, hint }) => {
    const line = `  ${marks[outcome]}  ${step.padEnd(12)}  ${printable(words)}`;
    return hint === undefined ? [line] : [line, `${' '.repeat(25)}${printable(hint)}`];
  });
  return `${style.bold(printable(profile))}  ${style.dim(printable(endpoint))}\n${lines.join('\n')}\n`;
}
