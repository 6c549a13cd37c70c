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
}

const SHOWN_MS = 6_000;
/** Somebody must read it, decide and reach the button. */
const UNDO_SHOWN_MS = 12_000;
const MOST = 4;

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

function show(given: ToastText, isFailure: boolean): void {
  lastId += 1;
  const others = toasts.value.filter(({ text }) => text !== given.text);
  toasts.value = [...others, { ...given, id: lastId, isFailure }].slice(-MOST);
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

function OneToast({ toast: { id, text, undo, isFailure } }: { readonly toast: Toast }) {
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (isHeld || isFailure) return;
    const timer = setTimeout(() => close(id), undo ? UNDO_SHOWN_MS : SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isHeld]);
  const takeBack = (): void => {
    close(id);
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
      <span>{text}</span>
      {undo ? (
        <button type="button" onClick={takeBack}>
          Undo
        </button>
      ) : null}
      <button type="button" aria-label={`Close: ${text}`} onClick={() => close(id)}>
        ×
      </button>
    </li>
  );
}
