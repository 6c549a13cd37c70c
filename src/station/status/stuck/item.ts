import type { Answer, Given } from '../../../api/operations.ts';
import { CATALOGUE, type ErrorCode } from '../../../base/errors.ts';

/** Things that are stuck for the same reason, as the API shows them. */
export type StuckItem = Answer<'listStuck'>['stuck'][number];
export type StuckAction = StuckItem['actions'][number];

/** Operations that an action may ask for. */
type ActionOperation = StuckAction['operation'];

/** An action with what its operation is given; the types hold the two together. Pure. */
export function action<Name extends ActionOperation>(
  name: StuckAction['action'],
  operation: Name,
  given: Given<Name>,
): StuckAction {
  return { action: name, operation, given: given as StuckAction['given'] };
}

/** What to do about a failure of that code, where the catalogue knows it. Pure. */
export function remedyOf(code: string | null): string | null {
  return code !== null && code in CATALOGUE ? CATALOGUE[code as ErrorCode].remedy : null;
}

/** What a code means, where the catalogue knows it. Pure. */
export function meaningOf(code: string): string | null {
  return code in CATALOGUE ? CATALOGUE[code as ErrorCode].meaning : null;
}
