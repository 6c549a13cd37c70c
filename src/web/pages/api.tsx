// The API's description, for people: made of /api/openapi.json.
import { useEffect, useState } from 'preact/hooks';
import { Panel } from '../parts/panel.tsx';
import { wordsOf } from '../parts/toasts.tsx';
import {
  type DescribedOperation,
  type Description,
  type Field,
  fieldsOf,
  resolved,
  type Schemas,
  typeOf,
} from './api/description.ts';

export function ApiPage() {
  const [asked, setAsked] = useState<{ readonly description: Description } | { readonly problem: string }>();
  useEffect(() => {
    askForDescription().then(
      description => setAsked({ description }),
      error => setAsked({ problem: wordsOf(error) }),
    );
  }, []);
  if (!asked) return null;
  if ('problem' in asked)
    return (
      <Panel title="The API">
        <p>
          {asked.problem} <a href="/">To the station</a>
        </p>
      </Panel>
    );
  return <Described description={asked.description} />;
}

async function askForDescription(): Promise<Description> {
  const response = await fetch('/api/openapi.json');
  if (response.status === 401) throw new Error('Sign in at the station first.');
  if (!response.ok) throw new Error(`The station answered ${response.status}.`);
  return (await response.json()) as Description;
}

function Described({
  description: { info, tags, paths, components },
}: {
  readonly description: Description;
}) {
  const { schemas } = components;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  return (
    <>
      <Panel title={`The API, version ${info.version}`}>
        <p>{info.description}</p>
        <p>
          For programs: <a href="/api/openapi.json">openapi.json</a>.
        </p>
      </Panel>
      {tags.map(({ name }) => (
        <Panel key={name} title={name}>
          {operations
            .filter(({ operation }) => operation.tags.includes(name))
            .map(({ path, method, operation }) => (
              <OneOperation key={`${method} ${path}`} {...{ path, method, operation, schemas }} />
            ))}
        </Panel>
      ))}
      <Panel title="Shapes">
        {Object.entries(schemas).map(([name, schema]) => (
          <details key={name} id={`shape-${name}`}>
            <summary>
              <code>{name}</code>
            </summary>
            <Fields caption="Fields" fields={fieldsOf(schema, schemas)} schemas={schemas} />
          </details>
        ))}
      </Panel>
    </>
  );
}

interface OneOperationProps {
  readonly path: string;
  readonly method: string;
  readonly operation: DescribedOperation;
  readonly schemas: Schemas;
}

function OneOperation({ path, method, operation, schemas }: OneOperationProps) {
  const {
    operationId,
    summary,
    description,
    parameters = [],
    requestBody,
    responses,
    deprecated,
  } = operation;
  const given = parameters.map(
    ({ name, schema, description: words = schema.description }): Field => [
      name,
      { ...schema, description: words },
    ],
  );
  const body = requestBody?.content?.['application/json']?.schema;
  const [status = ''] = Object.keys(responses);
  const answer = responses[status]?.content?.['application/json']?.schema;
  const shape = answer?.$ref && typeOf(answer, schemas);
  return (
    <details id={operationId}>
      <summary>
        <code>{`${method.toUpperCase()} ${path}`}</code>
        {` ${summary}${deprecated ? ' (an older path)' : ''}`}
      </summary>
      {description ? <p>{description}</p> : null}
      {shape ? (
        <p>
          Answers {status} with <a href={`#shape-${shape}`}>{shape}</a>.
        </p>
      ) : null}
      <Fields caption="Parameters" fields={given} schemas={schemas} />
      {body ? <Fields caption="Body" fields={fieldsOf(body, schemas)} schemas={schemas} /> : null}
      {answer && !shape ? (
        <Fields caption={`Answer ${status}`} fields={fieldsOf(answer, schemas)} schemas={schemas} />
      ) : null}
    </details>
  );
}

interface FieldsProps {
  readonly caption: string;
  readonly fields: readonly Field[];
  readonly schemas: Schemas;
}

function Fields({ caption, fields, schemas }: FieldsProps) {
  if (fields.length === 0) return null;
  return (
    <div class="table">
      <table>
        <caption>{caption}</caption>
        <tbody>
          {fields.map(([name, schema]) => (
            <tr key={name}>
              <td class="main">
                <code>{name}</code>
              </td>
              <td>{typeOf(schema, schemas)}</td>
              <td>{schema.description ?? resolved(schema, schemas).schema.description ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
