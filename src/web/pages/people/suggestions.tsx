import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { ActButton } from '../../parts/act-button.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Name } from '../../parts/text.tsx';
import type { ToastText } from '../../parts/toasts.tsx';
import { count, number } from '../../parts/words.ts';
import { type Person, titleOf } from './person.tsx';

type Suggestion = Answer<'listMergeSuggestions'>['suggestions'][number];

const SHOWN = 10;

const REASONS: Readonly<Record<Suggestion['reason'], string>> = {
  email: 'one e-mail under several names',
  mailmap: 'one person by the mailmap of another repository',
  noreply: 'an address of a code host with this login',
  name: 'one name, written alike',
};

/** Who may be one person, to be accepted or refused; nothing where nobody is suggested. */
export function Suggestions() {
  const asked = useAsked(
    signal => client.listMergeSuggestions({ limit: SHOWN }, { signal }),
    [],
    ['runEnded'],
  );
  if (asked.value?.total === 0 || (!asked.value && !asked.error)) return null;
  const { suggestions = [], total = 0 } = asked.value ?? {};
  return (
    <Panel title="The same person?" error={asked.error} id="suggestions">
      <ul class="suggestions">
        {suggestions.map(suggestion => (
          <One key={suggestion.id} suggestion={suggestion} />
        ))}
      </ul>
      {total > suggestions.length ? (
        <p class="quiet">{number(total - suggestions.length)} more come once these are decided.</p>
      ) : null}
    </Panel>
  );
}

function One({ suggestion }: { readonly suggestion: Suggestion }) {
  const { people, reason } = suggestion;
  const about = people.map(titleOf).join(', ');
  return (
    <li>
      <div>
        <ul class="merged" aria-label="May be one person">
          {people.map(person => (
            <li key={person.id}>
              <Name>{`${titleOf(person)} <${person.email}>`}</Name>{' '}
              <span class="quiet">{count(person.commits, 'commit')}</span>
            </li>
          ))}
        </ul>
        <p class="quiet">{REASONS[reason]}</p>
      </div>
      <div class="acts">
        <ActButton act={() => accept(suggestion)} about={about} kind="strong">
          Merge
        </ActButton>
        <ActButton act={() => refuse(people)} about={about}>
          Not the same
        </ActButton>
      </div>
    </li>
  );
}

async function accept({ emails, people }: Suggestion): Promise<ToastText> {
  const person = await client.mergePeople({ emails: [...emails] });
  const undo = async (): Promise<string> => {
    // The last one is no longer merged with anything, once the others are apart.
    await client.splitPeople({ emails: emails.length > 1 ? emails.slice(1) : [...emails] });
    return `${people.map(titleOf).join(', ')} are apart again.`;
  };
  return { text: `${titleOf(person)} is one person with ${count(person.commits, 'commit')} now.`, undo };
}

async function refuse(people: readonly Person[]): Promise<ToastText> {
  const named = people.map(({ name, email }) => ({ name, email }));
  await client.refuseMerge({ people: named });
  const undo = async (): Promise<string> => {
    await client.refuseMerge({ people: named, refused: false });
    return 'They are suggested again.';
  };
  return { text: 'They are not suggested again.', undo };
}
