/** How far git says it is: "Receiving objects: 37% (740/2000), 1.2 MiB | 3 MiB/s". */
export interface GitProgress {
  /** git's own words: `Enumerating objects`, `Counting objects`, `Receiving objects`, `Resolving deltas`, … */
  readonly phase: string;
  /** 0–100; undefined while the total is unknown. */
  readonly percent: number | undefined;
  readonly done: number;
  readonly total: number | undefined;
}

const PROGRESS = /^(?:remote: )?([A-Z][A-Za-z -]{2,40}):\s+(?:(\d{1,3})% \((\d+)\/(\d+)\)|(\d+)(?:$|, ))/;

/** Reads one line of standard error; undefined when it is no progress. */
export function parseProgress(line: string): GitProgress | undefined {
  const match = PROGRESS.exec(line);
  if (!match) return undefined;
  const [, phase = '', percent, done, total, count] = match;
  if (percent === undefined) return { phase, percent: undefined, done: Number(count), total: undefined };
  return { phase, percent: Math.min(100, Number(percent)), done: Number(done), total: Number(total) };
}
