import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';

/** A button is pressed and not let go yet. */
const isPressed = signal(false);
addEventListener('pointerdown', () => {
  isPressed.value = true;
});
for (const end of ['pointerup', 'pointercancel', 'blur'])
  addEventListener(end, () => {
    // The click comes first.
    setTimeout(() => {
      isPressed.value = false;
    });
  });

/** What is shown: while somebody presses a button nothing moves under it. */
export function useSteady<T>(value: T): T {
  const shown = useRef(value);
  if (!isPressed.value) shown.current = value;
  return shown.current;
}
