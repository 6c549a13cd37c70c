// Which rows of a list are chosen: some of them, or all that fit but some. Pure.

/** `some`: these rows; `all`: all that fit, but these. */
export interface Chosen<Row> {
  readonly kind: 'some' | 'all';
  readonly rows: ReadonlyMap<string, Row>;
}

export function chooseNone<Row>(): Chosen<Row> {
  return { kind: 'some', rows: new Map() };
}

export function chooseAll<Row>(): Chosen<Row> {
  return { kind: 'all', rows: new Map() };
}

export function isChosen<Row>({ kind, rows }: Chosen<Row>, key: string): boolean {
  return rows.has(key) === (kind === 'some');
}

/** How many are chosen. @param total of all that fit */
export function countChosen<Row>({ kind, rows }: Chosen<Row>, total: number): number {
  return kind === 'some' ? rows.size : Math.max(0, total - rows.size);
}

/** With the rows chosen, or not. */
export function choose<Row>(
  { kind, rows }: Chosen<Row>,
  changed: Iterable<readonly [key: string, row: Row]>,
  isWanted: boolean,
): Chosen<Row> {
  const next = new Map(rows);
  for (const [key, row] of changed) {
    if (isWanted === (kind === 'some')) next.set(key, row);
    else next.delete(key);
  }
  return { kind, rows: next };
}
