import { useRef, useState } from 'preact/hooks';
import { say, sayFailure } from '../toasts.tsx';
import { number } from '../words.ts';
import {
  type Aim,
  aimOf,
  type Chosen,
  choose,
  chooseAll,
  chooseNone,
  countChosen,
  isChosen,
} from './chosen.ts';
import type { Rows } from './rows.ts';

/** So many rows at most are chosen one by one: more are chosen by what they have in common. */
const MOST_CHOSEN = 10_000;

/** What is chosen in a list, and the ways to choose. */
export interface Choosing<Row> {
  /** As actions take it. */
  readonly aim: Aim<Row>;
  readonly count: number;
  readonly has: (key: string) => boolean;
  /** Chooses the row at a place, or no longer; what is chosen with Shift next begins there. */
  readonly toggle: (index: number) => void;
  /** Chooses all rows from where choosing began to a place. @param from where it begins, if it has not yet */
  readonly extendTo: (index: number, from: number) => void;
  /** What is chosen with Shift next begins anew. */
  readonly beginAnew: () => void;
  /** Rows have moved by so many places. */
  readonly move: (places: number) => void;
  readonly all: () => void;
  readonly none: () => void;
  /** Chooses none, as something will be done to these soon. @returns chooses them again, if nothing else is by then */
  readonly spend: () => () => void;
}

/** Which rows of a list are chosen. @param total of all that fit */
export function useChosen<Row>(rows: Rows<Row>, total: number, keyOf: (row: Row) => string): Choosing<Row> {
  const [chosen, setChosen] = useState<Chosen<Row>>(chooseNone);
  const rangeFrom = useRef<number>(undefined);
  const extend = async (from: number, index: number): Promise<void> => {
    const [first, last] = from < index ? [from, index] : [index, from];
    if (last - first >= MOST_CHOSEN) {
      say(`At most ${number(MOST_CHOSEN)} rows are chosen at once; choose all that fit instead.`);
      return;
    }
    const range = await rows.range(first, last);
    const keyed = range.map(row => [keyOf(row), row] as const);
    setChosen(now => choose(now, keyed, true));
  };
  return {
    aim: aimOf(chosen),
    count: countChosen(chosen, total),
    has: key => isChosen(chosen, key),
    toggle: index => {
      const row = rows.at(index);
      if (row === undefined) return;
      const key = keyOf(row);
      rangeFrom.current = index;
      setChosen(now => choose(now, [[key, row]], !isChosen(now, key)));
    },
    extendTo: (index, from) => {
      rangeFrom.current ??= from;
      extend(rangeFrom.current, index).catch(sayFailure);
    },
    beginAnew: () => {
      rangeFrom.current = undefined;
    },
    move: places => {
      if (rangeFrom.current !== undefined) rangeFrom.current = Math.max(0, rangeFrom.current + places);
    },
    all: () => setChosen(chooseAll),
    none: () => setChosen(chooseNone),
    spend: () => {
      setChosen(chooseNone);
      return () => setChosen(now => (now.kind === 'some' && now.rows.size === 0 ? chosen : now));
    },
  };
}
