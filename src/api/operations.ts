import type { z } from 'zod';
import { captureOperations } from './capture.ts';
import { changesetOperations } from './changesets.ts';
import { deliveryOperations } from './deliveries.ts';
import { eventOperations } from './events.ts';
import { exportOperations } from './export.ts';
import { insightOperations } from './insights.ts';
import type { Operation } from './operation.ts';
import type { OperationName } from './paths.ts';
import { pauseOperations } from './pauses.ts';
import { peopleOperations } from './people.ts';
import { repositoryOperations } from './repositories.ts';
import { stationOperations } from './status.ts';
import { stuckOperations } from './stuck.ts';

/** Every operation of the API by its name. */
export const OPERATIONS = {
  ...stationOperations,
  ...stuckOperations,
  ...eventOperations,
  ...repositoryOperations,
  ...peopleOperations,
  ...changesetOperations,
  ...insightOperations,
  ...deliveryOperations,
  ...pauseOperations,
  ...captureOperations,
  ...exportOperations,
} as const satisfies Record<OperationName, Operation>;

export type Operations = typeof OPERATIONS;

type Part<Of, Name extends string> = Of extends { readonly [K in Name]: infer Schema extends z.ZodType }
  ? Schema
  : undefined;
type Input<Schema> = Schema extends z.ZodType ? z.input<Schema> : unknown;
type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** All the way down. */
export type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

type Simplified<T> = { [K in keyof T]: T[K] } & unknown;

/** What an operation is given: what varies in its path, its query and its body, side by side. */
export type Given<Name extends OperationName> = Simplified<
  DeepReadonly<
    Input<Part<Operations[Name], 'path'>> &
      Input<Part<Operations[Name], 'query'>> &
      Input<Part<Operations[Name], 'body'>>
  >
>;

/** What an operation answers as JSON; undefined where it answers nothing, text where that is what it answers. */
export type Answer<Name extends OperationName> =
  Part<Operations[Name], 'answer'> extends z.ZodType
    ? DeepReadonly<z.output<Part<Operations[Name], 'answer'>>>
    : Operations[Name] extends { readonly contentType: string }
      ? string
      : undefined;

/** What a route is asked, after it was checked. */
export interface Asked<Name extends OperationName> {
  readonly path: Output<Part<Operations[Name], 'path'>>;
  readonly query: Output<Part<Operations[Name], 'query'>>;
  readonly body: Output<Part<Operations[Name], 'body'>>;
}
