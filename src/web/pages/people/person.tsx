import type { Answer } from '../../../client/index.ts';
import { client } from '../../live/live.ts';
import { ActButton } from '../../parts/act-button.tsx';
import { Name } from '../../parts/text.tsx';
import type { ToastText } from '../../parts/toasts.tsx';

export type Person = Answer<'listPeople'>['people'][number];

/** What somebody is called. Pure. */
export function titleOf({ name, email }: Pick<Person, 'name' | 'email'>): string {
  return name || email || '(no name)';
}

/** A person with their e-mails; those that were merged can be taken out. */
export function PersonName({ person }: { readonly person: Person }) {
  const [own = '', ...merged] = person.emails;
  return (
    <>
      <div class="name">
        <Name>{titleOf(person)}</Name>
      </div>
      <div class="quiet">
        <Name>{own}</Name>
      </div>
      {person.mailmapped.length > 0 ? (
        <ul class="merged" aria-label="This person by a mailmap">
          {person.mailmapped.map(email => (
            <li key={email}>
              <Name>{email}</Name> <span class="quiet">by a mailmap</span>
            </li>
          ))}
        </ul>
      ) : null}
      {merged.length > 0 ? (
        <ul class="merged" aria-label="Merged into this person">
          {merged.map(email => (
            <li key={email}>
              <Name>{email}</Name>{' '}
              <ActButton act={() => takeOut(email, own)} about={`${email} of ${titleOf(person)}`}>
                Take out
              </ActButton>
            </li>
          ))}
        </ul>
      ) : null}
    </>
  );
}

async function takeOut(email: string, own: string): Promise<ToastText> {
  await client.splitPeople({ emails: [email] });
  const undo = async (): Promise<string> => {
    await client.mergePeople({ emails: [own, email] });
    return `${email} is merged again.`;
  };
  return { text: `${email} is a person of its own again.`, undo };
}

/** Whether somebody is a program, and who said so. */
export function Kind({ person }: { readonly person: Person }) {
  const { bot, botByHand } = person;
  const kind = bot ? 'a program' : 'a person';
  return (
    <div class="row">
      <span class={bot ? 'quiet' : ''}>{botByHand ? `${kind}, by hand` : kind}</span>
      <ActButton act={() => mark(person, !bot)} about={titleOf(person)}>
        {bot ? 'Mark as person' : 'Mark as program'}
      </ActButton>
      {botByHand ? (
        <ActButton act={() => mark(person, null)} about={titleOf(person)}>
          As recognised
        </ActButton>
      ) : null}
    </div>
  );
}

async function mark(person: Person, bot: boolean | null): Promise<string> {
  await client.setBot({ email: person.email, bot });
  if (bot === null) return `${titleOf(person)} is what the patterns say.`;
  return `${titleOf(person)} is ${bot ? 'a program' : 'a person'}.`;
}
