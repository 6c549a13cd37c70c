import { useEffect, useMemo, useRef } from 'preact/hooks';
import { onChange, type Topic } from '../../live/live.ts';
import { type Moved, type Part, type PartAnswer, Rows } from './rows.ts';

interface Question<Row> {
  readonly ask: (part: Part, signal: AbortSignal) => Promise<PartAnswer<Row>>;
  readonly keyOf: (row: Row) => string;
  readonly topics: readonly Topic[];
  readonly onMoved: Moved;
  /** Where the list is looked at first. */
  readonly first: number;
}

/** Asked for around the place that is looked at first, before it is known how much is seen. */
const BEFORE_ROWS = 40;
const AFTER_ROWS = 60;

/**
 * The rows of a list, kept fresh while it is shown. Of another question those of the last one are there until its first
 * rows have come.
 * @param key tells questions apart
 */
export function useRows<Row>(key: string, question: Question<Row>): { rows: Rows<Row>; isOfBefore: boolean } {
  const latest = useRef(question);
  latest.current = question;
  const rows = useMemo(() => {
    const { ask, keyOf } = question;
    return new Rows<Row>({ ask, keyOf, onMoved: places => latest.current.onMoved(places) });
  }, [key]);
  useEffect(() => {
    const { first } = latest.current;
    rows.look({ first: Math.max(0, first - BEFORE_ROWS), end: first + AFTER_ROWS, seenFirst: first });
    const off = onChange(latest.current.topics, () => rows.refresh());
    return () => {
      off();
      rows.end();
    };
  }, [rows]);
  const shown = useRef(rows);
  // Read, so that whoever shows them is told of the next.
  if (rows.version.value > 0) shown.current = rows;
  return { rows: shown.current, isOfBefore: shown.current !== rows };
}
