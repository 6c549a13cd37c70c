import { useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface Size {
  /** In pixels; 0: not known yet. */
  readonly width: number;
  /** The reader's text size in pixels. */
  readonly rem: number;
}

/** How wide an element is, followed as it changes. */
export function useSize<E extends HTMLElement>() {
  const ref = useRef<E>(null);
  const [size, setSize] = useState<Size>({ width: 0, rem: 16 });
  useLayoutEffect(() => {
    const { current } = ref;
    if (!current) return;
    const measure = (): void => {
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
      const width = Math.floor(current.clientWidth);
      setSize(before => (before.width === width && before.rem === rem ? before : { width, rem }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return { ref, ...size };
}
