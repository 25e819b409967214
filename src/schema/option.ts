import { z } from 'zod';

/** How a member of the configuration can be set beside the file, and since which version it exists. */
export interface OptionSource {
  /** The version that brought it; without one, the first. */
  readonly since?: string;
  /** Without its dashes. `value` is the value's name in the usage text; a flag without one is a switch. */
  readonly flag?: { readonly name: string; readonly value?: string; readonly help: string };
  /** Environment variables, a later one wins over an earlier one, the flag over all. */
  readonly variables?: readonly string[];
  /**
   * What flag and variables say is read by tsidp's own rules (`upstream.ts`); else it simply takes the place of
   * the file's value (`overrides.ts`).
   */
  readonly upstream?: true;
}

const sources = z.registry<OptionSource>();

/**
 * Tells how a member can be set elsewhere. It must wrap the member whole, with its default and description, as
 * zod makes a new schema for each of those.
 */
export const option = <Schema extends z.ZodType>(schema: Schema, source: OptionSource): Schema => {
  sources.add(schema, source);
  return schema;
};

/** What stays to be learned from a member's schema. */
export interface Member {
  /** Names from the top, without those of lists and of kinds: `listen.port`. */
  readonly path: readonly string[];
  /** The member as it was declared, first where kinds differ in it. */
  readonly schema: z.ZodType;
  /** As every kind declares it. */
  readonly schemas: readonly z.ZodType[];
  readonly source: OptionSource;
  /** The kinds of the object above it that have it, where that comes in kinds: `serve`. */
  readonly kinds: readonly string[];
}

/** The kinds of schema that hold another. */
interface Definition {
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly shape?: Readonly<Record<string, z.ZodType>>;
}

const definition = (schema: z.ZodType): Definition => schema.def as Definition;

/** What a schema is once defaults, options and lists around it are taken away: one, or each of a union's. */
const inside = (schema: z.ZodType): readonly z.ZodType[] => {
  const { innerType, in: input, element, options } = definition(schema);
  const inner = innerType ?? input ?? element;
  if (inner !== undefined) return inside(inner);
  return options === undefined ? [schema] : options.flatMap(inside);
};

type Shape = NonNullable<Definition['shape']>;

/** What an object of a kind is called: the constant value of its `type`. */
const kindOf = ({ type }: Shape): string | undefined => {
  if (type === undefined) return undefined;
  const [literal] = inside(type);
  const values = (literal?.def as { readonly values?: readonly unknown[] } | undefined)?.values;
  return typeof values?.[0] === 'string' ? values[0] : undefined;
};

/** The objects that a schema may be, once each. */
const shapesOf = (schema: z.ZodType): Shape[] => [
  ...new Set(
    inside(schema).flatMap((each): Shape[] => {
      const { shape } = definition(each);
      return shape === undefined ? [] : [shape];
    }),
  ),
];

/** All members below a schema, in the order of their declaration; those of several kinds once. */
export const membersOf = (schema: z.ZodType, above: readonly string[] = []): Member[] => {
  const shapes = shapesOf(schema);
  const declared = new Map<
    string,
    { readonly schemas: Set<z.ZodType>; readonly having: Shape[] }
  >();
  for (const shape of shapes) {
    for (const [name, of] of Object.entries(shape)) {
      const known = declared.get(name) ?? { schemas: new Set(), having: [] };
      declared.set(name, known);
      known.schemas.add(of);
      known.having.push(shape);
    }
  }
  return [...declared].flatMap(([name, { schemas: all, having }]) => {
    const path = [...above, name];
    const schemas = [...all];
    const [first] = schemas;
    if (first === undefined) return [];
    const isEverywhere = having.length === shapes.length;
    const kinds = isEverywhere ? [] : having.flatMap((shape) => kindOf(shape) ?? []);
    const source = sources.get(first) ?? {};
    return [{ path, schema: first, schemas, source, kinds }, ...membersOf(first, path)];
  });
};
