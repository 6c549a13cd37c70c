/** A piece of work that is over, as traces have it. Times are of this machine's clock, in milliseconds. */
export interface Span {
  /** What was done, of few kinds: `sync repository`, `deliver`. */
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Without secrets. What is undefined is left out. */
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
  /** What it ended with, where it did not succeed. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  readonly steps?: readonly WorkStep[] | undefined;
}

/** A part of a piece of work. */
export interface WorkStep {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** Takes spans of work that is over. */
export interface SpanSink {
  /** Returns at once and never throws, whatever becomes of the span. */
  add(span: Span): void;
}

/** Steps that followed on each other without a gap, from their durations; those that were not made are left out. Pure. */
export function consecutiveSteps(
  startMs: number,
  durations: Readonly<Record<string, number | undefined>>,
): readonly WorkStep[] {
  let atMs = startMs;
  return Object.entries(durations).flatMap(([name, durationMs]) => {
    if (durationMs === undefined) return [];
    const step = { name, startMs: atMs, endMs: atMs + durationMs };
    atMs = step.endMs;
    return [step];
  });
}
