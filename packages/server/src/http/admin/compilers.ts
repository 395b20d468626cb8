/** What becomes of the schemas of a route: a function that checks what is asked, and one that writes what is answered. */
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';

export interface Compilers {
  /** Not Fastify's own, which drops what a schema does not know. */
  readonly validator: typeof TypeBoxValidatorCompiler;
  /** Told the schemas that others refer to. What a schema does not name is never written. */
  readonly buildSerializer: ReturnType<typeof SerializerSelector>;
}

/** A schema that cannot be compiled keeps the application from starting. */
export const AT_ONCE: Compilers = {
  validator: TypeBoxValidatorCompiler,
  buildSerializer: SerializerSelector(),
};

/**
 * The same at the first request that needs it. To compile what a hundred routes take and answer is most of the time in which
 * the application starts, and `fota` starts one for every command that finds no server.
 */
export const WHEN_NEEDED: Compilers = {
  validator: (route) => {
    let check: ReturnType<typeof TypeBoxValidatorCompiler> | undefined;
    return (value) => {
      check ??= AT_ONCE.validator(route);
      return check(value);
    };
  },
  // With a compiler for each: one that has met a named schema does not know it as a reference any more.
  buildSerializer: (schemas, options) => (route) => {
    let write: ((value: unknown) => string) | undefined;
    return (value) => {
      write ??= AT_ONCE.buildSerializer(schemas, options)(route);
      return write(value);
    };
  },
};
