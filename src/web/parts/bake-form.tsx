import { client } from '../live/live.ts';
import { perform } from './toasts.tsx';

/** Asks for a repository to be baked, and kept fresh if wanted; what was typed stays where it failed. */
export function BakeForm() {
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const url = String(fields.get('url'));
    const isDone = await perform(async () => {
      const run = await client.bake({ url });
      if (fields.has('track')) await client.trackRepositories({ url });
      return `Run ${run.id} is on its way.`;
    });
    if (isDone) form.reset();
  };
  return (
    <form class="row bake" aria-label="Bake a repository" onSubmit={send}>
      <label>
        Bake{' '}
        <input
          name="url"
          aria-label="URL"
          placeholder="https://host/owner/name"
          required
          spellcheck={false}
          autocomplete="off"
        />
      </label>
      <label>
        <input type="checkbox" name="track" /> keep it fresh
      </label>
      <button type="submit">Bake</button>
    </form>
  );
}
