// Who is who: one person under several e-mails is merged, as is suggested or by hand, and taken apart again.
import { useState } from 'preact/hooks';
import { client } from '../live/live.ts';
import { Filters } from '../parts/filters.tsx';
import { usePages } from '../parts/paged.ts';
import { Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Table } from '../parts/table.tsx';
import { number } from '../parts/words.ts';
import { Chosen } from './people/chosen.tsx';
import { Kind, type Person, PersonName, titleOf } from './people/person.tsx';
import { Suggestions } from './people/suggestions.tsx';

const SHOWN = 50;

const FIELDS = [
  { name: 'search', label: 'Name or e-mail' },
  {
    name: 'bots',
    label: 'Show',
    options: [
      ['', 'people and programs'],
      ['exclude', 'people'],
      ['only', 'programs'],
    ],
  },
] as const;

export function PeoplePage({ params }: { readonly params: URLSearchParams }) {
  const search = params.get('search') ?? undefined;
  const given = params.get('bots');
  const bots = given === 'only' || given === 'exclude' ? given : undefined;
  const pages = usePages(
    (cursor, signal) => client.listPeople({ search, bots, cursor, limit: SHOWN }, { signal }),
    [search, bots],
    ['runEnded'],
  );
  const [chosen, setChosen] = useState<ReadonlyMap<number, Person>>(new Map());
  const choose = (person: Person, isChosen: boolean): void => {
    const others = [...chosen].filter(([id]) => id !== person.id);
    setChosen(new Map(isChosen ? [...others, [person.id, person]] : others));
  };
  return (
    <>
      <Suggestions />
      <Panel title="People" error={pages.error}>
        <p class="note">
          One person under several e-mails? Choose them and merge. No history is read again, and it can be
          undone.
        </p>
        <Filters fields={FIELDS} params={params} />
        <Chosen people={[...chosen.values()]} forget={() => setChosen(new Map())} />
        <Table
          caption="People, those with most commits first"
          items={pages.value?.people}
          isWaiting={pages.isWaiting}
          keyOf={({ id }) => id}
          empty="Nobody here. People come with the commits of baked repositories; or nothing fits what is searched for."
          columns={[
            {
              title: 'Choose',
              kind: 'act',
              cell: person => (
                <label class="box">
                  <input
                    type="checkbox"
                    checked={chosen.has(person.id)}
                    onChange={event => choose(person, event.currentTarget.checked)}
                  />
                  <span class="hidden">{`Choose ${titleOf(person)} ${person.email}`}</span>
                </label>
              ),
            },
            { title: 'Person', kind: 'main', cell: person => <PersonName person={person} /> },
            { title: 'Commits', kind: 'number', cell: ({ commits }) => number(commits) },
            { title: 'Kind', cell: person => <Kind person={person} /> },
          ]}
        />
        <Pager pages={pages} one="person" several="people" />
      </Panel>
    </>
  );
}
