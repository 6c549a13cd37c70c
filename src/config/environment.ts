/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substitution {
  readonly text: string;
  /** Whether a variable was put in. */
  readonly substituted: boolean;
  /** What is wrong with the references, in words. */
  readonly faults: readonly string[];
}

/**
 * Puts environment variables in the place of `${NAME}`; `$${` stands for `${` itself, and any other `$` for
 * itself. What a variable holds is taken as it is, references in it included. A variable that is not set
 * is a fault, an empty one is not.
 */
export function substitute(text: string, env: Environment): Substitution {
  const faults: string[] = [];
  let substituted = false;
  const result = text.replace(/\$\$\{|\$\{([^{}]*)\}?/g, (reference, name: string | undefined) => {
    if (reference === '$${') return '${';
    if (!reference.endsWith('}') || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name ?? '')) {
      faults.push(
        'holds "${" without a variable name and "}" after it; write "$${" for the characters themselves',
      );
      return reference;
    }
    const value = Object.hasOwn(env, name ?? '') ? env[name ?? ''] : undefined;
    if (value === undefined) faults.push(`names the environment variable ${name}, which is not set`);
    substituted = true;
    return value ?? reference;
  });
  return { text: result, substituted, faults };
}
