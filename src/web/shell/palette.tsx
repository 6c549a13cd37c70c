// Ctrl-K: pages, repositories, people, changesets, files and actions by a few letters. `?` says which keys there are.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { client } from '../live/live.ts';
import { isTyping, type KeyWords, pageKeys, useKeyPress } from '../parts/keys.ts';
import { perform, sayFailure } from '../parts/toasts.tsx';
import { count, shortUrl } from '../parts/words.ts';
import { hrefOf } from '../router/router.ts';
import { PLACES } from './places.ts';

interface Entry {
  readonly id: string;
  readonly kind: string;
  readonly text: string;
  readonly open: () => void;
}

/** Of each kind. */
const SHOWN = 5;
const TYPING_MS = 150;

const go = (href: string) => (): void => {
  location.hash = href.slice(1);
};

const ACTIONS: readonly Entry[] = [
  {
    id: 'deliver',
    kind: 'action',
    text: 'Deliver what waits now',
    open: () =>
      void perform(async () => {
        const { delivered, failed } = await client.syncDeliveries();
        return `${count(delivered, 'file')} delivered, ${failed} failed.`;
      }),
  },
  {
    id: 'failing',
    kind: 'action',
    text: 'Sync failing changesets now',
    open: () =>
      void perform(async () => {
        const { raised } = await client.syncChangesets({ filter: { failing: true } });
        return `${count(raised, 'changeset')} first in line.`;
      }),
  },
];

/** What is always there. Pure. */
function fixedEntries(text: string): Entry[] {
  const pages = Object.entries(PLACES)
    .filter(([, { below }]) => below === undefined)
    .map(([name, { title }]) => ({ id: `page ${name}`, kind: 'page', text: title, open: go(hrefOf(name)) }));
  const wanted = text.toLowerCase();
  return [...pages, ...ACTIONS].filter(entry => entry.text.toLowerCase().includes(wanted));
}

/** What the station knows that has the text in it. */
async function foundEntries(search: string, signal: AbortSignal): Promise<Entry[]> {
  const page = { search, limit: SHOWN };
  const [{ repositories }, { people }, { changesets }, { deliveries }] = await Promise.all([
    client.listRepositories(page, { signal }),
    client.listPeople(page, { signal }),
    client.listChangesets(page, { signal }),
    client.listDeliveries(page, { signal }),
  ]);
  return [
    ...repositories.map(({ url }) => ({
      ...{ id: `repository ${url}`, kind: 'repository', text: shortUrl(url) },
      open: go(hrefOf('repository', { url })),
    })),
    ...people.map(({ id, name, email }) => ({
      ...{ id: `person ${id}`, kind: 'person', text: `${name} <${email}>` },
      open: go(hrefOf('people', { search: email })),
    })),
    ...changesets.map(({ id, title, repository, number, url }) => ({
      ...{ id: `changeset ${id}`, kind: 'changeset', text: `${repository}#${number} ${title}` },
      open: go(hrefOf('changesets', { show: 'all', url })),
    })),
    ...deliveries.map(({ id, profile, bucket, filepath }) => ({
      ...{ id: `file ${id}`, kind: 'file', text: `${profile}/${bucket}/${filepath}` },
      open: go(hrefOf('deliveries', { id: `${id}` })),
    })),
  ];
}

const KEYS: readonly KeyWords[] = [
  ['Ctrl K', 'go to anything, or do something'],
  ['/', 'to the search of a list'],
  ['?', 'these keys'],
  ['Esc', 'close'],
];

/** Listens for its keys, whatever page is open. */
export function Palette() {
  const [shown, setShown] = useState<'search' | 'keys'>();
  useKeyPress(event => {
    const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k';
    const isHelp = event.key === '?' && !isTyping(event.target);
    if (!isCommand && !isHelp) return;
    event.preventDefault();
    setShown(isCommand ? 'search' : 'keys');
  });
  if (!shown) return null;
  return (
    <Dialog
      key={shown}
      label={shown === 'search' ? 'Go to' : 'Keys'}
      close={() => setShown(now => (now === shown ? undefined : now))}
    >
      {shown === 'search' ? <Search close={() => setShown(undefined)} /> : <Keys />}
    </Dialog>
  );
}

function Dialog({
  label,
  close,
  children,
}: {
  readonly label: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  // At once: what is typed right after the key that opened it belongs to it.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    // The browser gives the focus back to whoever had it, unless it is gone or the page is another one.
    return () => shown?.close();
  }, []);
  // A search field would have Escape for itself, to be emptied.
  const press = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    close();
  };
  return (
    <dialog class="palette" ref={dialog} aria-label={label} onClose={close} onKeyDown={press}>
      {children}
    </dialog>
  );
}

function Keys() {
  return (
    <>
      <h2>Keys</h2>
      <dl class="keys">
        {[...KEYS, ...pageKeys.value].map(([key, words]) => (
          <div key={words}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Search({ close }: { readonly close: () => void }) {
  const [text, setText] = useState('');
  const [found, setFound] = useState<readonly Entry[]>([]);
  const [at, setAt] = useState(0);
  useEffect(() => {
    if (text.trim() === '') {
      setFound([]);
      return;
    }
    const ended = new AbortController();
    const timer = setTimeout(() => {
      foundEntries(text.trim(), ended.signal).then(setFound, error => {
        if (!ended.signal.aborted) sayFailure(error);
      });
    }, TYPING_MS);
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [text]);
  const entries = [...fixedEntries(text.trim()), ...found];
  const active = Math.min(at, entries.length - 1);
  const choose = (entry: Entry | undefined): void => {
    close();
    entry?.open();
  };
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((active + step + entries.length) % Math.max(1, entries.length));
    else if (event.key === 'Enter') choose(entries[active]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        type="search"
        aria-label="Page, repository, person, changeset, file or action"
        aria-controls="palette-list"
        placeholder="Where to?"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onKeyDown={press}
        onInput={event => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
      />
      <p class="hidden" role="status">
        {entries[active] ? `${entries[active].text}, ${entries[active].kind}` : ''}
      </p>
      <ul id="palette-list" aria-label="What fits">
        {entries.map((entry, index) => (
          <li key={entry.id}>
            <button
              type="button"
              class="plain"
              tabIndex={-1}
              aria-current={index === active}
              onClick={() => choose(entry)}
            >
              <bdi class="given" dir="auto">
                {entry.text}
              </bdi>{' '}
              <span class="quiet">{entry.kind}</span>
            </button>
          </li>
        ))}
      </ul>
      {entries.length === 0 ? <p class="empty">Nothing fits.</p> : null}
    </>
  );
}
