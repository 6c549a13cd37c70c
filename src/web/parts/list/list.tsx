// A list as long as it likes: only the rows on the screen are there, and those near it are asked for. The page's scroll
// bar is the list's; whatever stands on the page stands above it. `List` puts together what its files have: which rows
// are seen (window.ts), what is known of them (rows.ts), which are chosen (chosen.ts), in which order (order.ts).
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Topic } from '../../live/live.ts';
import { setParams } from '../../router/router.ts';
import { isPageKey, type KeyWords, useKeyPress, usePageKeys } from '../keys.ts';
import { Pending } from '../panel.tsx';
import { type Active, activeOf, addressOf, orderOf, placeOf } from './address.ts';
import { Bar } from './bar.tsx';
import type { Aim } from './chosen.ts';
import type { ListAction, ListColumn } from './column.ts';
import { GridRow } from './grid-row.tsx';
import { placeAfter, stepOf } from './keys.ts';
import type { Part, PartAnswer } from './rows.ts';
import { Titles } from './titles.tsx';
import { useChosen } from './use-chosen.ts';
import { useKeyAct } from './use-key-act.ts';
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

/** The address follows the keys once they rest: browsers count how often it changes. */
const ADDRESS_MS = 400;
const CHOOSING: readonly KeyWords[] = [
  ['x', 'choose the row, or not'],
  ['Shift j k', 'choose several'],
];

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

  const [active, setActive] = useState<Active | undefined>(() => activeOf(params));
  /** The place in the address, until it has been gone to. */
  const [wantedAt, setWantedAt] = useState(() => placeOf(params) ?? 0);
  const [newer, setNewer] = useState(0);
  const isPointed = useRef(false);
  const movedBy = useRef(0);
  const { view, look } = useView(head, body, probe);

  const isHeld = (): boolean =>
    (view !== undefined && view.scrolledPx > 0) ||
    isPointed.current ||
    active !== undefined ||
    choosing.count > 0 ||
    grid.current?.contains(document.activeElement) === true;
  const { rows, isOfBefore } = useRows<Row>(key, {
    ask: (part, signal) => ask({ ...part, order: order.by, reverse: order.reverse }, signal),
    ...{ keyOf, topics, first: wantedAt },
    onMoved: places => {
      setActive(now => now && { ...now, index: Math.max(0, now.index + places) });
      choosing.move(places);
      if (!isHeld()) return;
      movedBy.current += places;
      if (places > 0) setNewer(now => now + places);
    },
  });
  const total = rows.total ?? 0;
  const choosing = useChosen(rows, total, keyOf);
  const shown = view && windowOf({ ...view, total });
  const isActiveSeen =
    active !== undefined && shown !== undefined && active.index >= shown.first && active.index < shown.end;

  // Another question begins at its top, with nothing chosen; another order keeps what is chosen.
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) return;
    choosing.none();
  }, [fits]);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    setActive(undefined);
    setNewer(0);
    choosing.beginAnew();
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

  const address = addressOf(active, shown?.seenFirst ?? 0);
  useEffect(() => {
    if (!isThere || isOfBefore || rows.total === undefined) return;
    const timer = setTimeout(() => setParams({ ...address }), ADDRESS_MS);
    return () => clearTimeout(timer);
  }, [address.at, address.row, isThere, isOfBefore, rows.total === undefined]);

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
  const actByKey = useKeyAct<Row>();
  const rowsActive: Aim<Row> = { kind: 'some', rows: activeRow ? [activeRow] : [] };

  const press = (event: KeyboardEvent): void => {
    if (!isPageKey(event)) return;
    const isHere = event.target === grid.current || event.target === document.body;
    const isInGrid = event.target === grid.current;
    const action = actions.find(one => one.key === event.key);
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const step = stepOf(name, isInGrid);
    if (step !== undefined) {
      const next = placeAfter(step, { active: active?.index, seenFirst: shown?.seenFirst ?? 0, total });
      if (event.shiftKey && canChoose) choosing.extendTo(next, active?.index ?? next);
      else choosing.beginAnew();
      goTo(next);
    } else if ((name === 'x' || (name === ' ' && isInGrid)) && active && canChoose)
      choosing.toggle(active.index);
    else if (name === 'Enter' && isHere && activeRow) openRow(activeRow);
    else if (name === 'Escape' && props.openKey !== undefined) props.close?.();
    else if (name === 'Escape' && choosing.count > 0) choosing.none();
    else if (name === 'Escape' && active) setActive(undefined);
    else if (action)
      actByKey(action, {
        aim: choosing.count > 0 ? choosing.aim : rowsActive,
        count: choosing.count,
        done: choosing.none,
        spend: choosing.spend,
        titleOf,
      });
    else return;
    event.preventDefault();
  };
  useKeyPress(press);
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
      getSelection()?.removeAllRanges();
      choosing.extendTo(index, active?.index ?? index);
    } else if (canChoose && (isBox || event.ctrlKey || event.metaKey)) choosing.toggle(index);
    else openRow(row);
  };

  if (rows.total === undefined && rows.error) return <Pending error={rows.error} />;
  const indexes = shown ? Array.from({ length: shown.end - shown.first }, (_, one) => shown.first + one) : [];
  const widths = columns.map(({ width }) => width);
  const tracks = { '--tracks': widths.join(' '), '--rest-tracks': widths.slice(1).join(' ') };
  const rowId = (index: number): string => `${id}-${index}`;
  return (
    <div
      class={`list ${isOfBefore ? 'of-before' : ''} ${rows.total === 0 ? 'none' : ''} ${canChoose ? '' : 'no-acts'}`}
      style={tracks}
    >
      {rows.error ? <Pending error={rows.error} /> : null}
      <div class="head" ref={head}>
        <Bar
          {...{ total: rows.total, words, chosenCount: choosing.count, aim: choosing.aim, actions, newer }}
          chooseAll={choosing.all}
          chooseNone={choosing.none}
          toTop={() => {
            setActive(undefined);
            setNewer(0);
            show(0, true);
          }}
          done={choosing.none}
          spend={choosing.spend}
          titleOf={titleOf}
        />
        <div role="rowgroup" id={`${id}-titles`}>
          <Titles columns={columns} order={order} byDefault={props.order} canChoose={canChoose} />
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
                  isChosen={rowKey !== undefined && choosing.has(rowKey)}
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
