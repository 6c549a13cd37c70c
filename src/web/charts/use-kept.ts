import { useRef } from 'preact/hooks';

/**
 * The last value that there was, while there is none: a picture stays, and with it the focus, until the next one is
 * there.
 * @param about of what it is: of something else, nothing is kept
 */
export function useKept<T>(value: T | undefined, about: string): T | undefined {
  const kept = useRef<{ readonly value: T; readonly about: string } | undefined>(undefined);
  if (value !== undefined) kept.current = { value, about };
  return value ?? (kept.current?.about === about ? kept.current.value : undefined);
}
