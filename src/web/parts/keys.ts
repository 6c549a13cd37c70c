// Keys that do something on the open page, and what: the help shows them.
import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

/** Keys as they are written on a keyboard, with what they do. */
export type KeyWords = readonly [keys: string, words: string];

const ofPage = signal<readonly KeyWords[]>([]);

/** What the open page's keys do. */
export const pageKeys = ofPage;

/** Has the help show these while the caller is there. */
export function usePageKeys(keys: readonly KeyWords[]): void {
  useEffect(() => {
    ofPage.value = keys;
    return () => {
      if (ofPage.value === keys) ofPage.value = [];
    };
  }, [JSON.stringify(keys)]);
}

/** Has keys heard, wherever they are pressed, from before the caller is drawn: whoever sees it may press them. */
export function useKeyPress(press: (event: KeyboardEvent) => void): void {
  const latest = useRef(press);
  latest.current = press;
  useLayoutEffect(() => {
    const heard = (event: KeyboardEvent): void => latest.current(event);
    addEventListener('keydown', heard);
    return () => removeEventListener('keydown', heard);
  }, []);
}

/** Somebody writes there: single keys are letters. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.matches('input:not([type="checkbox"]), select, textarea, [contenteditable]')
  );
}

/** A single key of the page: nobody writes, no dialog is open, and no other key is held that makes it another one. */
export function isPageKey(event: KeyboardEvent): boolean {
  return (
    !event.defaultPrevented &&
    !event.ctrlKey &&
    !event.metaKey &&
    !event.altKey &&
    !isTyping(event.target) &&
    document.querySelector('dialog[open]') === null
  );
}
