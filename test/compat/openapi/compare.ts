/** What one OpenAPI document says that another does not: methods, parameters, required scopes, statuses. */
interface Parameter {
  readonly name: string;
  readonly in: string;
}
interface Operation {
  readonly parameters?: ReadonlyArray<Parameter | { readonly $ref: string }>;
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security?: ReadonlyArray<Readonly<Record<string, readonly string[]>>>;
}
type PathItem = Readonly<Record<string, Operation>>;
export interface Document {
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: { readonly parameters?: Readonly<Record<string, Parameter>> };
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete', 'head'];

/** Each fact of the first document as one line, so that documents are compared as sets. */
function factsOf(document: Document): ReadonlySet<string> {
  const facts = new Set<string>();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (!operation) continue;
      const about = `${method.toUpperCase()} ${path}`;
      facts.add(about);
      for (const parameter of operation.parameters ?? []) {
        const { name, in: where } = resolved(parameter, document);
        facts.add(`${about} ${where} parameter ${name}`);
      }
      if (operation.requestBody) facts.add(`${about} body`);
      for (const status of Object.keys(operation.responses)) facts.add(`${about} status ${status}`);
      for (const requirement of operation.security ?? []) {
        for (const scope of Object.values(requirement).flat()) facts.add(`${about} scope ${scope}`);
      }
    }
  }
  return facts;
}

function resolved(parameter: Parameter | { readonly $ref: string }, document: Document): Parameter {
  if (!('$ref' in parameter)) return parameter;
  const found = document.components.parameters?.[parameter.$ref.split('/').at(-1) ?? ''];
  if (!found) throw new Error(`no ${parameter.$ref}`);
  return found;
}

/** Lines that only the first document has. */
export function missingIn(first: Document, second: Document): readonly string[] {
  const known = factsOf(second);
  return [...factsOf(first)].filter((fact) => !known.has(fact));
}
