import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ForgeKind } from '../../../src/gather/forges/definitions.ts';
import type { ChangesetResult, Forge } from '../../../src/gather/forges/forge.ts';
import type { Fault, StandInAnswer } from '../../support/forge/server.ts';
import { KINDS, openForge } from './stand-ins.ts';

/** What may come instead of an answer: a status with JSON, or what the server does with the connection. */
const json = (status: number, body: unknown, headers: Record<string, string> = {}): Fault => {
  const answer: StandInAnswer = { status, json: body, headers };
  return () => answer;
};
const raw = (status: number, type: string, body: string): Fault => {
  return (_request, response) => {
    response.statusCode = status;
    response.setHeader('content-type', type);
    response.end(body);
    return 'answered';
  };
};
const html = (status: number): Fault => raw(status, 'text/html', '<html>gateway</html>');

const ANSWERS: Readonly<Record<string, Fault>> = {
  '401': json(401, { message: '401 Unauthorized' }),
  '403': json(403, { message: '403 Forbidden' }),
  '404': json(404, { message: '404 Not Found' }),
  '405': json(405, { message: 'Method Not Allowed' }),
  '409': json(409, { message: 'busy' }),
  '410': json(410, { message: 'Gone' }),
  '422': json(422, { message: 'no' }),
  '425': json(425, { message: 'too early' }),
  '429': json(429, { message: 'slow' }, { 'retry-after': '7' }),
  '451': json(451, { message: 'legal' }),
  '500': json(500, { message: '500 Internal Server Error' }),
  '503': json(503, { message: 'x' }),
  '503 with Retry-After': json(503, { message: 'x' }, { 'retry-after': '7' }),
  'a scope': json(403, { error: 'insufficient_scope', scope: 'api' }),
  null: json(200, null),
  'an empty list': json(200, []),
  'an empty object': json(200, {}),
  'a list of null': json(200, [null]),
  'an error within': json(200, { message: 'error inside' }),
  'a redirect elsewhere': json(301, {}, { location: 'http://elsewhere.invalid/x' }),
  'a page with 502': html(502),
  'a page with 404': html(404),
  'a page with 403': html(403),
  'a page with 200': html(200),
  'half of it': raw(200, 'application/json', '[{"id": 1, "bo'),
  nothing: raw(200, 'application/json', ''),
  '204': raw(204, 'application/json', ''),
  'nothing with 404': raw(404, 'application/json', ''),
  'a reset': (_request, response) => {
    response.destroy();
    return 'answered';
  },
};
/** Costs a call's whole time, so that it comes where one of its kind is enough. */
const SILENCE: Fault = () => 'answered';
/** Only silence is waited for so shortly: a busy machine may take longer to answer. */
const SHORT = { timeoutMs: 400 };

/** Requests of one changeset's sync, beside that for the changeset itself: by path, or by the query's name. */
const PARTS: Readonly<Record<ForgeKind, Readonly<Record<string, RegExp>>>> = {
  gitlab: {
    approvals: /merge_requests\/1\/approvals/,
    notes: /1\/notes/,
    labels: /1\/resource_label_events/,
    states: /1\/resource_state_events/,
    commits: /1\/commits/,
    pipelines: /1\/pipelines/,
  },
  gitea: {
    reviews: /pulls\/1\/reviews/,
    status: /commits\/0*3ea\/status/,
    timeline: /issues\/1\/timeline/,
    commits: /pulls\/1\/commits/,
  },
  github: { commits: /query Commits/, timeline: /query Events/ },
};
const OWN: Readonly<Record<ForgeKind, RegExp>> = {
  gitlab: /merge_requests\/1$/,
  gitea: /pulls\/1$/,
  github: /query Changesets.*"i0_0":1\b/s,
};

/** A host with two changesets, of whose requests those that fit `which` are answered by a fault. */
async function twoChangesets(
  t: Parameters<typeof openForge>[0],
  kind: ForgeKind,
  { timeoutMs = 30_000 }: { readonly timeoutMs?: number } = {},
) {
  const { forge, standIn } = await openForge(t, kind, { timeoutMs });
  const repository = standIn.model.addRepository('g/p');
  for (let i = 0; i < 2; i += 1) {
    const changeset = standIn.model.addChangeset(repository, { check: 'success' });
    standIn.model.addEvent(changeset);
    standIn.model.addEvent(changeset, { kind: 'review', review: 'APPROVED' });
  }
  let active: { readonly which: RegExp; readonly fault: Fault } | undefined;
  standIn.faults.push((request, response) => {
    const asked = `${decodeURIComponent(request.url.pathname)}${request.body}`;
    return active?.which.test(asked) ? active.fault(request, response) : undefined;
  });
  return {
    forge,
    wanted: [1, 2].map(number => ({ ref: { host: forge.host, repository: 'g/p', number } })),
    fail: (which: RegExp, fault: Fault) => {
      active = { which, fault };
    },
  };
}

async function resultsOf(forge: Forge, wanted: Parameters<Forge['fetchChangesets']>[0]) {
  const results: (ChangesetResult | undefined)[] = wanted.map(() => undefined);
  for await (const result of forge.fetchChangesets(wanted)) results[result.ref.number - 1] = result;
  return results;
}

for (const kind of KINDS) {
  test(`${kind}: a part that cannot be read, however it fails, costs itself and is told (C-100)`, async t => {
    const patient = await twoChangesets(t, kind);
    const impatient = await twoChangesets(t, kind, SHORT);
    const wrong: string[] = [];
    for (const [index, [part, which]] of Object.entries(PARTS[kind]).entries()) {
      const answers = index === 0 ? { ...ANSWERS, silence: SILENCE } : ANSWERS;
      for (const [name, fault] of Object.entries(answers)) {
        const { forge, wanted, fail } = fault === SILENCE ? impatient : patient;
        fail(which, fault);
        const unseen: string[] = [];
        const results = await resultsOf(forge, wanted);
        for (const result of results) {
          if (result?.outcome === 'found') unseen.push(...result.unseen.map(each => each.part));
          else wrong.push(`${part}, ${name}: ${result?.outcome}`);
        }
        let events = 0;
        const onUnseen = (each: { readonly part: string }): void => void unseen.push(each.part);
        for await (const page of forge.fetchEvents(wanted[0]?.ref as never, { onUnseen }))
          events += page.length;
        if (events === 0) wrong.push(`${part}, ${name}: no events of the other parts`);
        const isEmpty = /^(null|an empty)/.test(name);
        if (unseen.length === 0 && !isEmpty) wrong.push(`${part}, ${name}: not told`);
        if (unseen.length > 2) wrong.push(`${part}, ${name}: told of ${unseen}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  test(`${kind}: only the changeset's own 404 and 410 mean that it is gone, and it costs no other one (C-100)`, async t => {
    const patient = await twoChangesets(t, kind);
    const impatient = await twoChangesets(t, kind, SHORT);
    // GitHub is asked for both with one call, and for one alone where that fails.
    const gone: string[] = [];
    for (const [name, fault] of Object.entries({ ...ANSWERS, silence: SILENCE })) {
      const { forge, wanted, fail } = fault === SILENCE ? impatient : patient;
      const asked = kind === 'github' ? wanted.slice(0, 1) : wanted;
      fail(OWN[kind], fault);
      const results = await resultsOf(forge, asked).catch(error =>
        assert.equal(error.code, codeOf(name, kind), name),
      );
      if (results === undefined) continue;
      assert.notEqual(results[0]?.outcome, 'found', name);
      if (results[0]?.outcome === 'missing') gone.push(name);
      if (asked.length > 1) assert.equal(results[1]?.outcome, 'found', name);
    }
    // GraphQL says what is missing within its answer, never by a status.
    assert.deepEqual(gone, kind === 'github' ? [] : ['404', '410']);
  });
}

/** Of what is thrown since it concerns all that are asked for. */
function codeOf(name: string, kind: ForgeKind): string | undefined {
  if (name === '429') return 'rate_limited';
  if (kind !== 'github') return undefined;
  const codes: Readonly<Record<string, string>> = {
    '401': 'scope_missing',
    '403': 'scope_missing',
    'a scope': 'scope_missing',
    '404': 'forge_missing',
    '410': 'forge_missing',
    'a redirect elsewhere': 'repository_moved',
    '503 with Retry-After': 'host_failing',
  };
  return codes[name] ?? 'forge_refused';
}
