// Short answers to what a person did, at the lower edge of the window, wherever the page is scrolled to.
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { somethingDone } from '../live/live.ts';

export interface ToastText {
  readonly text: string;
  /** Takes it back; answers what is said then. */
  readonly undo?: () => Promise<string>;
}

interface Toast extends ToastText {
  readonly id: number;
  readonly isFailure: boolean;
  /** It tells of something that is not done yet. @param isWanted false: it was taken back */
  readonly decide?: (isWanted: boolean) => void;
}

const SHOWN_MS = 6_000;
/** Somebody must read it, decide and reach the button. */
const UNDO_SHOWN_MS = 12_000;
const MOST = 4;
/** What cannot be taken back once it is done is done so much later. */
const SOON_MS = 10_000;
const TICK_MS = 1_000;
/** Of a name, from its end. */
const MOST_LETTERS = 60;

const toasts = signal<readonly Toast[]>([]);
let lastId = 0;

/** Says what came of something. The same words twice are said once, anew. */
export function say(given: string | ToastText): void {
  show(typeof given === 'string' ? { text: given } : given, false);
}

/** Says what went wrong; it stays until it is closed. */
export function sayFailure(error: unknown): void {
  show({ text: wordsOf(error) }, true);
}

/** What is wrong, and what to do about it. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('hint' in error && typeof error.hint === 'string') return `${error.message}. ${error.hint}`;
  return error instanceof TypeError && /fetch|network/i.test(error.message)
    ? 'the station does not answer'
    : error.message;
}

/**
 * Does something and says what came of it; then everything shown is looked at anew.
 * @returns whether it was done
 */
export async function perform(act: () => Promise<string | ToastText>): Promise<boolean> {
  try {
    say(await act());
    return true;
  } catch (error) {
    sayFailure(error);
    return false;
  } finally {
    somethingDone();
  }
}

/**
 * As `perform`, ten seconds later, unless somebody takes it back before. Only this window knows of it: where that is closed,
 * it is not done.
 * @param question what it was asked for with: `Delete 3 files?`
 * @param about what it is done to, where that is one thing
 * @returns whether it was done
 */
export async function performSoon(
  question: string,
  act: () => Promise<string | ToastText>,
  about?: string,
): Promise<boolean> {
  const name = about && about.length > MOST_LETTERS ? `…${about.slice(-MOST_LETTERS)}` : about;
  const text = question.replace(/\?$/, name === undefined ? '' : ` (${name})`);
  const isWanted = await new Promise<boolean>(decide => show({ text, decide }, false));
  if (isWanted) {
    // So much later, what was not done is no longer plain from where somebody looks.
    return perform(() =>
      act().catch(error => {
        throw new Error(`${text}: not done. ${wordsOf(error)}`, { cause: error });
      }),
    );
  }
  say('Taken back: nothing was done.');
  return false;
}

function show(given: Omit<Toast, 'id' | 'isFailure'>, isFailure: boolean): void {
  lastId += 1;
  const others = toasts.value.filter(({ text, decide }) => decide || text !== given.text);
  // What is yet to be done stays, however much is said meanwhile.
  const over = others.filter(({ decide }) => !decide).slice(0, Math.max(0, others.length + 1 - MOST));
  toasts.value = [...others.filter(each => !over.includes(each)), { ...given, id: lastId, isFailure }];
}

function close(id: number): void {
  toasts.value = toasts.value.filter(each => each.id !== id);
}

export function Toasts() {
  return (
    <ul class="toasts" role="log" aria-live="polite" aria-label="Answers">
      {toasts.value.map(toast => (
        <OneToast key={toast.id} toast={toast} />
      ))}
    </ul>
  );
}

function OneToast({ toast }: { readonly toast: Toast }) {
  const { id, text, undo, isFailure, decide } = toast;
  const [isHeld, setHeld] = useState(false);
  const [leftMs, setLeftMs] = useState(SOON_MS);
  useEffect(() => {
    if (isHeld || isFailure || decide) return;
    const timer = setTimeout(() => close(id), undo ? UNDO_SHOWN_MS : SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isHeld]);
  const end = (isWanted: boolean): void => {
    close(id);
    decide?.(isWanted);
  };
  useEffect(() => {
    if (isHeld || !decide) return;
    const timer = setTimeout(() => {
      if (leftMs <= TICK_MS) end(true);
      else setLeftMs(leftMs - TICK_MS);
    }, TICK_MS);
    return () => clearTimeout(timer);
  }, [isHeld, leftMs]);
  const takeBack = (): void => {
    if (decide) end(false);
    else close(id);
    if (undo) void perform(undo);
  };
  return (
    <li
      class={`toast ${isFailure ? 'failure' : ''}`}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocusIn={() => setHeld(true)}
      onFocusOut={() => setHeld(false)}
    >
      <span>
        {text}
        {decide ? (
          <>
            {/* Not told anew every second to those who hear the page. */}
            <span class="hidden">: in {SOON_MS / 1000} seconds, unless this window is closed before.</span>
            <span aria-hidden="true">
              : {isHeld ? 'once you look away' : `in ${leftMs / 1000} s`}, unless this window is closed
              before.
            </span>
          </>
        ) : null}
      </span>
      {undo || decide ? (
        <button type="button" onClick={takeBack}>
          Undo
        </button>
      ) : null}
      {decide ? (
        <button type="button" aria-label={`Now: ${text}`} onClick={() => end(true)}>
          Now
        </button>
      ) : (
        <button type="button" aria-label={`Close: ${text}`} onClick={() => close(id)}>
          ×
        </button>
      )}
    </li>
  );
}
