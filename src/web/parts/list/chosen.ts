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

/** Rows that something is to be done to: these, or all that fit but some. */
export type Aim<Row> =
  | { readonly kind: 'some'; readonly rows: readonly Row[] }
  | { readonly kind: 'all'; readonly except: readonly Row[] };

/** What is chosen, as actions take it. */
export function aimOf<Row>({ kind, rows }: Chosen<Row>): Aim<Row> {
  const all = [...rows.values()];
  return kind === 'some' ? { kind, rows: all } : { kind, except: all };
}

/** Of what is aimed at, what something can be done to. @param isFor whether it can be done to a row; to any unless given */
export function fittingAim<Row>(aim: Aim<Row>, isFor: ((row: Row) => boolean) | undefined): Aim<Row> {
  if (aim.kind === 'all' || !isFor) return aim;
  return { kind: 'some', rows: aim.rows.filter(isFor) };
}

/** What is aimed at is called, where it is one row. */
export function titleOfAim<Row>(aim: Aim<Row>, titleOf: (row: Row) => string): string | undefined {
  const [row, ...others] = aim.kind === 'some' ? aim.rows : [];
  return row === undefined || others.length > 0 ? undefined : titleOf(row);
}
