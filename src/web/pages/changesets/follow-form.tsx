import { client } from '../../live/live.ts';
import { perform } from '../../parts/toasts.tsx';
import { nameOf } from './changeset.tsx';

/** Asks for a changeset to be followed; what was typed stays where it failed. */
export function FollowForm() {
  const send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const url = String(new FormData(form).get('url')).trim();
    const isDone = await perform(async () => {
      const { changesets } = await client.trackChangesets({ urls: [url] });
      const [changeset] = changesets;
      return `${changeset ? nameOf(changeset) : url} is followed.`;
    });
    if (isDone) form.reset();
  };
  return (
    <form class="row follow" aria-label="Follow a changeset" onSubmit={send}>
      <label>
        Follow{' '}
        <input
          name="url"
          aria-label="Address"
          placeholder="https://host/owner/name/pull/7"
          required
          spellcheck={false}
          autocomplete="off"
        />
      </label>
      <button type="submit" class="plain">
        Follow
      </button>
    </form>
  );
}
