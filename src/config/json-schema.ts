import { z } from 'zod';
import { fieldKinds } from './fields.ts';
import type { ConfigSchema } from './schema.ts';

/** The examples that a field was described with; zod leaves them out where a transform follows. */
export function examplesOf(field: z.core.$ZodType): readonly unknown[] | undefined {
  return z.globalRegistry.get(field)?.examples as readonly unknown[] | undefined;
}

const PATTERNS = {
  duration: String.raw`^ *(\d+(\.\d+)? *([dD]|[hH]|[mM]|[sS]|[mM][sS]) *)+$|^0$`,
  size: String.raw`^ *\d+(\.\d+)? *([kKmMgGtT][iI]?)?[bB] *$|^0$`,
};

/** A number, a switch or a word may come from the environment; an editor then sees text. */
const REFERENCE = { type: 'string', pattern: String.raw`\$\{` };

/** The JSON Schema (draft 2020-12) of sluice.yaml, for editors and \`sluice config schema\`. */
export function jsonSchema(schema: ConfigSchema): Record<string, unknown> {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    reused: 'inline',
    override: ({ zodSchema, jsonSchema: node }) => {
      const examples = examplesOf(zodSchema);
      if (examples) node.examples = [...examples];
      const kind = fieldKinds.get(zodSchema)?.kind;
      if (kind === 'duration' || kind === 'size') {
        node.anyOf = [{ type: 'string', pattern: PATTERNS[kind] }, { const: 0 }, REFERENCE as never];
      } else if (node.enum || ['integer', 'number', 'boolean'].includes(String(node.type)))
        allowReference(node);
      // A section or list whose lines are all commented out has no value.
      if ((node.type === 'object' || node.type === 'array') && node.default !== undefined) {
        node.type = [node.type, 'null'] as never;
      }
    },
  });
  return { title: 'sluice.yaml', ...json };
}

/** Moves what constrains the value into one alternative and adds the reference as the other. */
function allowReference(node: z.core.JSONSchema.BaseSchema): void {
  const { type, enum: words, minimum, maximum } = node;
  const constraints = Object.entries({ type, enum: words, minimum, maximum }).filter(
    ([, value]) => value !== undefined,
  );
  for (const [key] of constraints) delete node[key];
  node.anyOf = [Object.fromEntries(constraints), REFERENCE as never];
}
