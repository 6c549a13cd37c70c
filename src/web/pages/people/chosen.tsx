import { useState } from 'preact/hooks';
import { client } from '../../live/live.ts';
import { perform } from '../../parts/toasts.tsx';
import { count } from '../../parts/words.ts';
import { type Person, titleOf } from './person.tsx';

interface ChosenProps {
  readonly people: readonly Person[];
  readonly forget: () => void;
}

/** Who is chosen to be merged, over all searches, and whom they become. */
export function Chosen({ people, forget }: ChosenProps) {
  const [picked, setPicked] = useState(0);
  if (people.length === 0) return null;
  const inOrder = people.toSorted((one, other) => other.commits - one.commits);
  const into = inOrder.find(({ id }) => id === picked) ?? inOrder[0];
  const merge = async (): Promise<void> => {
    if (!into) return;
    const emails = [into, ...people.filter(one => one !== into)].map(({ email }) => email);
    const isDone = await perform(async () => {
      const { emails: all } = await client.mergePeople({ emails });
      return `${titleOf(into)} is one person with ${count(all.length, 'e-mail')} now.`;
    });
    if (isDone) forget();
  };
  return (
    <div class="chosen row">
      <span role="status">
        {people.length === 1 && people[0]
          ? `${titleOf(people[0])} chosen; choose another.`
          : `Merge ${people.length} people into`}
      </span>
      {people.length > 1 ? (
        <>
          <select
            aria-label="Whom they become"
            value={String(into?.id)}
            onChange={event => setPicked(Number(event.currentTarget.value))}
          >
            {inOrder.map(one => (
              <option key={one.id} value={String(one.id)}>
                {`${titleOf(one)} <${one.email}>`}
              </option>
            ))}
          </select>
          <button type="button" onClick={() => void merge()}>
            Merge
          </button>
        </>
      ) : null}
      <button type="button" class="plain" onClick={forget}>
        Choose nobody
      </button>
    </div>
  );
}
