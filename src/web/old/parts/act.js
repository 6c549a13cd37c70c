// @ts-check
// What a reader can set going, and what came of it, in pages that are not made of components yet.
import { perform } from '../../parts/toasts.tsx';
import { element } from './dom.js';

export { perform };

/**
 * A button that rests while it works.
 * @param {string} text
 * @param {() => Promise<string>} act
 * @param {{readonly about?: string, readonly kind?: string}} [more] `about`: what of, for those who hear the page
 */
export function button(text, act, { about, kind = 'plain' } = {}) {
  const made = element('button', { type: 'button', class: kind }, text);
  if (about !== undefined) made.setAttribute('aria-label', `${text}: ${about}`);
  made.addEventListener('click', async () => {
    if (made.getAttribute('aria-disabled') === 'true') return;
    // Not `disabled`, which would drop the focus.
    made.setAttribute('aria-disabled', 'true');
    await perform(act);
    made.removeAttribute('aria-disabled');
  });
  return made;
}

/**
 * Sends a form by `send`; what came of it is said, and what was typed stays where it failed.
 * @param {HTMLElement} form
 * @param {(fields: FormData) => Promise<string>} send
 */
export function onSubmit(form, send) {
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const sent = /** @type {HTMLFormElement} */ (form);
    if (await perform(() => send(new FormData(sent)))) sent.reset();
  });
}
