// @ts-check
// Asks for a repository to be baked, and tracked if wanted.
import { onSubmit } from './act.js';
import { ask } from './api.js';
import { element } from './dom.js';

export function bakeForm() {
  const url = element('input', {
    name: 'url',
    placeholder: 'https://host/owner/name',
    required: '',
    spellcheck: 'false',
    autocomplete: 'off',
  });
  const form = element(
    'form',
    { class: 'row' },
    element('label', {}, 'URL ', url),
    element('label', {}, element('input', { type: 'checkbox', name: 'track' }), 'keep it fresh'),
    element('button', { type: 'submit' }, 'Bake'),
  );
  onSubmit(form, async fields => {
    const run = await ask('/bake', { url: fields.get('url') });
    if (fields.get('track')) await ask('/api/v1/repositories', { url: fields.get('url') });
    return `Run ${run.id} is on its way.`;
  });
  return form;
}
