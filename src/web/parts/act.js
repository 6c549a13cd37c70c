// @ts-check
// What a reader can set going, and what came of it: said in one place, aloud for those who hear the page.
import { byId, element } from './dom.js';

/** @param {string} text */
export function say(text) {
  show(text, '');
}

/** @param {unknown} error */
export function sayFailure(error) {
  show(error instanceof Error ? error.message : String(error), 'error');
}

/** @param {string} text @param {string} kind */
function show(text, kind) {
  const said = byId('said');
  said.className = `said ${kind}`;
  said.textContent = text;
}

/** What is to be looked at anew once something was done. @type {() => void} */
let afterwards = () => undefined;

/** @param {() => void} refresh */
export function onDone(refresh) {
  afterwards = refresh;
}

/**
 * Does something and says what came of it.
 * @param {() => Promise<string>} act answers what is said once it is done
 * @returns {Promise<boolean>} whether it was
 */
export async function perform(act) {
  try {
    say(await act());
    return true;
  } catch (error) {
    sayFailure(error);
    return false;
  } finally {
    afterwards();
  }
}

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
