// What a list is narrowed by. It stands in the address, so that a link leads to the same list.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { setParams } from '../router/router.ts';
import { isPageKey, useKeyPress } from './keys.ts';

const TYPING_MS = 250;

export interface FilterField {
  readonly name: string;
  readonly label: string;
  /** A choice where there are options, else a text. */
  readonly options?: readonly (readonly [value: string, text: string])[];
}

interface FiltersProps {
  readonly fields: readonly FilterField[];
  readonly params: URLSearchParams;
}

/** The fields of a list; what is given in them is what the page is given. `/` leads to the first one. */
export function Filters({ fields, params }: FiltersProps) {
  const form = useRef<HTMLFormElement>(null);
  useKeyPress(event => {
    if (event.key !== '/' || !isPageKey(event)) return;
    event.preventDefault();
    form.current?.querySelector<HTMLElement>('input, select')?.focus();
  });
  return (
    <search>
      <form class="filters" ref={form} onSubmit={event => event.preventDefault()}>
        {fields.map(({ name, label, options }) => (
          <label key={name} for={`filter-${name}`}>
            {label}{' '}
            {options ? (
              <select
                id={`filter-${name}`}
                value={params.get(name) ?? ''}
                onChange={event => setParams({ [name]: event.currentTarget.value })}
              >
                {options.map(([value, text]) => (
                  <option key={value} value={value}>
                    {text}
                  </option>
                ))}
              </select>
            ) : (
              <TextField name={name} value={params.get(name) ?? ''} />
            )}
          </label>
        ))}
      </form>
    </search>
  );
}

/** What is typed narrows the list once the typing rests. */
export function TextField(props: {
  readonly name: string;
  readonly value: string;
  readonly placeholder?: string;
}) {
  const { name, value, placeholder } = props;
  const [typed, setTyped] = useState(value);
  const given = useRef(value);
  useEffect(() => {
    if (typed === given.current) return;
    const timer = setTimeout(() => {
      given.current = typed;
      setParams({ [name]: typed });
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  // A link may have led to another list meanwhile; what was given here comes back while somebody types on.
  useLayoutEffect(() => {
    if (value === given.current) return;
    given.current = value;
    setTyped(value);
  }, [value]);
  return (
    <input
      type="search"
      id={`filter-${name}`}
      value={typed}
      placeholder={placeholder}
      autocomplete="off"
      spellcheck={false}
      onInput={event => setTyped(event.currentTarget.value)}
    />
  );
}
