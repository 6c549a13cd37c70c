// A list as long as it likes: only the rows on the screen are there, and those near it are asked for. The page's scroll
// bar is the list's; whatever stands on the page stands above it. `List` puts together what its files have: which rows
// are seen (window.ts), what is known of them (rows.ts), which are chosen (chosen.ts), in which order (order.ts).
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Topic } from '../../live/live.ts';
import { setParams } from '../../router/router.ts';
import { isPageKey, type KeyWords, usePageKeys } from '../keys.ts';
import { Pending } from '../panel.tsx';
import { perform, say } from '../toasts.tsx';
import { number } from '../words.ts';
import { Bar, fittingAim } from './bar.tsx';
import { type Chosen, choose, chooseAll, chooseNone, countChosen, isChosen } from './chosen.ts';
import type { Aim, ListAction, ListColumn } from './column.ts';
import { GridRow } from './grid-row.tsx';
import { orderOf, pressed, sortOf } from './order.ts';
import type { Part, PartAnswer } from './rows.ts';
import { useRows } from './use-rows.ts';
import { useView } from './use-view.ts';
import { heightPx, scrolledTo, windowOf } from './window.ts';

export interface ListProps<Row, Order extends string> {
  /** What it is a list of, for those who hear the page. */
  readonly label: string;
  /** `file`, `files`. */
  readonly words: readonly [one: string, several: string];
  /** A part of all that fit, in an order. */
  readonly ask: (
    part: Part & { readonly order: Order; readonly reverse: boolean },
    signal: AbortSignal,
  ) => Promise<PartAnswer<Row>>;
  /** What the question depends on beside the order. */
  readonly about: readonly (string | number | boolean | undefined)[];
  /** What makes the answer another one; see `onChange`. */
  readonly topics: readonly Topic[];
  readonly keyOf: (row: Row) => string;
  /** What a row is called, for those who hear the page. */
  readonly titleOf: (row: Row) => string;
  /** Undefined: there is nothing to open. */
  readonly hrefOf?: (row: Row) => string | undefined;
  /** The first of them is about what the row is. It is the same one each time, as are `actions`. */
  readonly columns: readonly ListColumn<Row, Order>[];
  readonly actions: readonly ListAction<Row>[];
  /** The order that it has by itself. */
  readonly order: Order;
  /** Of the page: the order, the row that the keys are at and its place stand in the address. */
  readonly params: URLSearchParams;
  /** Shows a row; where it is not given, its address is gone to. */
  readonly open?: (row: Row) => void;
  /** Shown beside the list, if one is; the keys change it as they go. */
  readonly openKey?: string | undefined;
  readonly close?: () => void;
  /** What is said, and what to do, where there is nothing. */
  readonly empty: ComponentChildren;
}

/** Where the keys are. */
interface Active {
  readonly index: number;
  /** Undefined: its row is not known yet. */
  readonly key: string | undefined;
}

/** So many rows at most are chosen one by one: more are chosen by what they have in common. */
const MOST_CHOSEN = 10_000;
/** The address follows the keys once they rest: browsers count how often it changes. */
const ADDRESS_MS = 400;
/** Whoever has not pressed the key again by then did not mean it. */
const AGAIN_MS = 10_000;
const CHOOSING: readonly KeyWords[] = [
  ['x', 'choose the row, or not'],
  ['Shift j k', 'choose several'],
];
/** Rows that a page key goes by. */
const PAGE_ROWS = 15;

export function List<Row, Order extends string>(props: ListProps<Row, Order>) {
  const { label, words, ask, about, topics, keyOf, titleOf, hrefOf, columns, actions, params, empty } = props;
  const id = useId();
  const grid = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLDivElement>(null);
  const order = orderOf(params, columns, props.order);
  const fits = JSON.stringify(about);
  const canChoose = actions.length > 0;
  const key = JSON.stringify([about, order]);

  const [chosen, setChosen] = useState<Chosen<Row>>(chooseNone);
  const [active, setActive] = useState<Active | undefined>(() => placeIn(params));
  /** The place in the address, until it has been gone to. */
  const [wantedAt, setWantedAt] = useState(() => atOf(params) ?? 0);
  const [newer, setNewer] = useState(0);
  const rangeFrom = useRef<number>(undefined);
  const isPointed = useRef(false);
  const movedBy = useRef(0);
  const { view, look } = useView(head, body, probe);

  const isHeld = (): boolean =>
    (view !== undefined && view.scrolledPx > 0) ||
    isPointed.current ||
    active !== undefined ||
    chosen.rows.size > 0 ||
    grid.current?.contains(document.activeElement) === true;
  const { rows, isOfBefore } = useRows<Row>(key, {
    ask: (part, signal) => ask({ ...part, order: order.by, reverse: order.reverse }, signal),
    ...{ keyOf, topics, first: wantedAt },
    onMoved: places => {
      setActive(now => now && { ...now, index: Math.max(0, now.index + places) });
      if (rangeFrom.current !== undefined) rangeFrom.current = Math.max(0, rangeFrom.current + places);
      if (!isHeld()) return;
      movedBy.current += places;
      if (places > 0) setNewer(now => now + places);
    },
  });
  const total = rows.total ?? 0;
  const shown = view && windowOf({ ...view, total });
  const isActiveSeen =
    active !== undefined && shown !== undefined && active.index >= shown.first && active.index < shown.end;

  // Another question begins at its top, with nothing chosen; another order keeps what is chosen.
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) return;
    setChosen(chooseNone);
  }, [fits]);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    setActive(undefined);
    setNewer(0);
    rangeFrom.current = undefined;
    if (view && view.scrolledPx > 0) scrollBy({ top: -view.scrolledPx, behavior: 'instant' });
  }, [key]);

  // What came above is made up for before anybody sees it.
  useLayoutEffect(() => {
    if (movedBy.current === 0 || !view) return;
    scrollBy({ top: movedBy.current * view.rowPx, behavior: 'instant' });
    movedBy.current = 0;
    look();
  });
  useEffect(() => {
    if (view && view.scrolledPx <= 0 && newer > 0 && movedBy.current === 0) setNewer(0);
  }, [view]);

  // Rows of another height, of larger text or on a turned phone: the same ones are seen.
  const seen = useRef({ first: 0, hasActive: false });
  useLayoutEffect(() => {
    const { first, hasActive } = seen.current;
    if (active && hasActive) show(active.index);
    else if (view && view.scrolledPx > 0) show(first, true);
  }, [view?.rowPx, view?.viewPx]);
  useLayoutEffect(() => {
    seen.current = { first: shown?.seenFirst ?? 0, hasActive: isActiveSeen };
  });
  const isThere = wantedAt === 0;
  useLayoutEffect(() => {
    if (isThere || rows.total === undefined || !view) return;
    show(Math.min(wantedAt, rows.total - 1), true);
    setWantedAt(0);
  }, [isThere, rows.total, view]);
  useEffect(() => {
    if (!isOfBefore && isThere && rows.total !== undefined && shown) rows.look(shown);
  }, [rows, isOfBefore, isThere, rows.total, shown?.first, shown?.end, shown?.seenFirst]);

  // A row that the keys went to before it was known.
  const activeRow = active && rows.at(active.index);
  const activeKey = activeRow && keyOf(activeRow);
  useEffect(() => {
    if (!active || activeKey === undefined || activeKey === active.key) return;
    const place = active.key === undefined ? undefined : rows.placeOf(active.key);
    setActive(
      place === undefined ? { index: active.index, key: activeKey } : { index: place, key: active.key },
    );
  }, [activeKey, active?.index]);

  const at = active ? active.index : (shown?.seenFirst ?? 0);
  useEffect(() => {
    if (!isThere || isOfBefore || rows.total === undefined) return;
    const timer = setTimeout(
      () => setParams({ at: at > 0 || active ? String(at + 1) : undefined, row: active?.key }),
      ADDRESS_MS,
    );
    return () => clearTimeout(timer);
  }, [at, active?.key, isThere, isOfBefore, rows.total === undefined]);

  function show(index: number, isTop = false): void {
    const now = look();
    if (!now || rows.total === undefined) return;
    const viewed = { ...now, total: rows.total };
    const fromPx = isTop ? heightPx(viewed) : now.scrolledPx;
    const wantedPx = scrolledTo(index, { ...viewed, scrolledPx: fromPx }, isTop ? 0 : now.rowPx / 2);
    scrollBy({ top: wantedPx - now.scrolledPx, behavior: 'instant' });
    look();
  }

  const goTo = (index: number): void => {
    if (total === 0) return;
    const next = Math.min(Math.max(0, index), total - 1);
    const row = rows.at(next);
    setActive({ index: next, key: row && keyOf(row) });
    show(next);
    grid.current?.focus({ preventScroll: true });
    if (row && props.openKey !== undefined) props.open?.(row);
  };
  const openRow = (row: Row): void => {
    if (props.open) props.open(row);
    else {
      const href = hrefOf?.(row);
      if (href !== undefined) location.hash = href.slice(1);
    }
  };
  const toggle = (index: number): void => {
    const row = rows.at(index);
    if (row === undefined) return;
    const rowKey = keyOf(row);
    rangeFrom.current = index;
    setChosen(now => choose(now, [[rowKey, row]], !isChosen(now, rowKey)));
  };
  const chooseTo = async (index: number): Promise<void> => {
    const from = rangeFrom.current ?? index;
    const [first, last] = from < index ? [from, index] : [index, from];
    if (last - first >= MOST_CHOSEN) {
      say(`At most ${number(MOST_CHOSEN)} rows are chosen at once; choose all that fit instead.`);
      return;
    }
    const range = await rows.range(first, last);
    setChosen(now =>
      choose(
        now,
        range.map(row => [keyOf(row), row] as const),
        true,
      ),
    );
  };
  const aim: Aim<Row> =
    chosen.kind === 'some'
      ? { kind: 'some', rows: [...chosen.rows.values()] }
      : { kind: 'all', except: [...chosen.rows.values()] };
  const chosenCount = countChosen(chosen, total);

  const again = useRef<{ readonly name: string; readonly untilMs: number }>(undefined);
  const actByKey = (action: ListAction<Row>): void => {
    const wanted: Aim<Row> = chosenCount > 0 ? aim : { kind: 'some', rows: activeRow ? [activeRow] : [] };
    if (wanted.kind === 'all' && action.isForAll === false) return;
    const fitting = fittingAim(wanted, action);
    const many = fitting.kind === 'some' ? fitting.rows.length : chosenCount;
    if (many === 0 || many !== (action.only ?? many)) {
      say(`${action.name}: not for what is chosen.`);
      return;
    }
    const asked = again.current;
    if (action.confirm && !(asked?.name === action.name && performance.now() < asked.untilMs)) {
      again.current = { name: action.name, untilMs: performance.now() + AGAIN_MS };
      say(`${action.confirm(many)} Press ${action.key} again.`);
      return;
    }
    again.current = undefined;
    void perform(() => action.act(fitting)).then(isDone => {
      if (isDone) setChosen(chooseNone);
    });
  };

  const press = (event: KeyboardEvent): void => {
    if (!isPageKey(event)) return;
    const isHere = event.target === grid.current || event.target === document.body;
    const isInGrid = event.target === grid.current;
    const from = active?.index ?? (shown?.seenFirst ?? 0) - 1;
    const go = (index: number): void => {
      if (event.shiftKey && canChoose) {
        rangeFrom.current ??= Math.max(0, active?.index ?? index);
        void chooseTo(Math.min(Math.max(0, index), Math.max(0, total - 1)));
      } else rangeFrom.current = undefined;
      goTo(index);
    };
    const action = actions.find(one => one.key === event.key);
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (name === 'j' || (isInGrid && name === 'ArrowDown')) go(from + 1);
    else if (name === 'k' || (isInGrid && name === 'ArrowUp')) go(Math.max(0, from - 1));
    else if (isInGrid && name === 'PageDown') go(from + PAGE_ROWS);
    else if (isInGrid && name === 'PageUp') go(Math.max(0, from - PAGE_ROWS));
    else if (isInGrid && name === 'Home') go(0);
    else if (isInGrid && name === 'End') go(total - 1);
    else if (name === 'x' && active && canChoose) toggle(active.index);
    else if (name === ' ' && isInGrid && active && canChoose) toggle(active.index);
    else if (name === 'Enter' && isHere && activeRow) openRow(activeRow);
    else if (name === 'Escape' && props.openKey !== undefined) props.close?.();
    else if (name === 'Escape' && chosenCount > 0) setChosen(chooseNone);
    else if (name === 'Escape' && active) setActive(undefined);
    else if (action) actByKey(action);
    else return;
    event.preventDefault();
  };
  const latestPress = useRef(press);
  latestPress.current = press;
  useEffect(() => {
    const heard = (event: KeyboardEvent): void => latestPress.current(event);
    addEventListener('keydown', heard);
    return () => removeEventListener('keydown', heard);
  }, []);
  usePageKeys([
    ['j k', 'to the next row, the one before'],
    ...(canChoose ? CHOOSING : []),
    ['Enter', 'open the row'],
    ...actions.flatMap(({ key: one, name }) => (one ? [[one, name.toLowerCase()] as const] : [])),
  ]);

  const click = (event: MouseEvent): void => {
    const target = event.target as Element;
    const index = Number(target.closest('[data-index]')?.getAttribute('data-index') ?? Number.NaN);
    const row = rows.at(index);
    if (row === undefined || target.closest('button')) return;
    // Somebody marks words to copy them.
    if (!event.shiftKey && getSelection()?.type === 'Range') return;
    const link = target.closest('a');
    // What is no link to the row goes where it leads; so does whatever opens elsewhere.
    if (link && (link.parentElement?.className !== 'main' || event.ctrlKey || event.metaKey)) return;
    const isBox = target.closest('.choose') !== null;
    // A box that somebody presses without a pointer shows it by itself.
    if (target.tagName !== 'INPUT') event.preventDefault();
    setActive({ index, key: keyOf(row) });
    grid.current?.focus({ preventScroll: true });
    if (event.shiftKey && canChoose) {
      rangeFrom.current ??= active?.index ?? index;
      getSelection()?.removeAllRanges();
      void chooseTo(index);
    } else if (canChoose && (isBox || event.ctrlKey || event.metaKey)) toggle(index);
    else openRow(row);
  };

  if (rows.total === undefined && rows.error) return <Pending error={rows.error} />;
  const indexes = shown ? Array.from({ length: shown.end - shown.first }, (_, one) => shown.first + one) : [];
  const tracks = columns.map(({ width }) => width).join(' ');
  const rowId = (index: number): string => `${id}-${index}`;
  return (
    <div
      class={`list ${isOfBefore ? 'of-before' : ''} ${rows.total === 0 ? 'none' : ''} ${canChoose ? '' : 'no-acts'}`}
      style={{ '--tracks': tracks }}
    >
      {rows.error ? <Pending error={rows.error} /> : null}
      <div class="head" ref={head}>
        <Bar
          {...{ total: rows.total, words, chosenCount, aim, actions, newer }}
          chooseAll={() => setChosen(chooseAll)}
          chooseNone={() => setChosen(chooseNone)}
          toTop={() => {
            setActive(undefined);
            setNewer(0);
            show(0, true);
          }}
          done={() => setChosen(chooseNone)}
        />
        <div role="rowgroup" id={`${id}-titles`}>
          <div role="row" class="row titles" aria-rowindex={1}>
            {canChoose ? (
              <div role="columnheader" aria-colindex={1} class="choose">
                <span class="hidden">Chosen</span>
              </div>
            ) : null}
            {columns.map((column, index) => (
              <div
                key={column.title}
                role="columnheader"
                aria-colindex={index + 2}
                aria-sort={sortOf(column, order)}
                class={`${column.kind ?? ''} ${column.order ? '' : 'fixed'}`}
              >
                {column.order ? (
                  <button
                    type="button"
                    class="sort"
                    onClick={() => column.order && setParams(pressed(order, column.order.by, props.order))}
                  >
                    {column.title}
                  </button>
                ) : (
                  column.title
                )}
              </div>
            ))}
            <div role="columnheader" aria-colindex={columns.length + 2} class="acts">
              <span class="hidden">Actions</span>
            </div>
          </div>
        </div>
      </div>
      <div
        ref={grid}
        role="grid"
        tabIndex={0}
        aria-label={label}
        // The titles stay on the screen, with what stands above them.
        aria-owns={`${id}-titles ${id}-rows`}
        aria-multiselectable={canChoose}
        aria-rowcount={rows.total === undefined ? -1 : total + 1}
        aria-colcount={columns.length + 2}
        aria-activedescendant={active && isActiveSeen ? rowId(active.index) : undefined}
        onClick={click}
        onPointerEnter={() => {
          isPointed.current = true;
        }}
        onPointerLeave={() => {
          isPointed.current = false;
        }}
      >
        <div
          role="rowgroup"
          id={`${id}-rows`}
          class="body"
          ref={body}
          style={{ height: `${view ? heightPx({ ...view, total }) : 0}px` }}
        >
          <div class="row probe" ref={probe} role="presentation" aria-hidden="true" />
          <div role="presentation" class="shown" style={{ transform: `translateY(${shown?.topPx ?? 0}px)` }}>
            {indexes.map(index => {
              const row = rows.at(index);
              const rowKey = row && keyOf(row);
              return (
                <GridRow
                  key={rowKey ?? `at ${index}`}
                  id={rowId(index)}
                  {...{ index, row, columns, actions }}
                  title={row === undefined ? '' : titleOf(row)}
                  href={row === undefined ? undefined : hrefOf?.(row)}
                  isChosen={rowKey !== undefined && isChosen(chosen, rowKey)}
                  isActive={active?.index === index}
                  isOpen={rowKey !== undefined && rowKey === props.openKey}
                />
              );
            })}
          </div>
        </div>
      </div>
      {rows.total === 0 ? <div class="empty">{empty}</div> : null}
    </div>
  );
}

/** The place in the address, from 0. */
function atOf(params: URLSearchParams): number | undefined {
  const at = Number(params.get('at') ?? Number.NaN);
  return Number.isInteger(at) && at > 0 ? at - 1 : undefined;
}

function placeIn(params: URLSearchParams): Active | undefined {
  const index = atOf(params);
  const key = params.get('row');
  return index === undefined || key === null ? undefined : { index, key };
}
