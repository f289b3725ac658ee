import type { JsonObject } from '../../model/json.js';
import type { ClassDeclaration } from '../declare.js';

/** JSON Schema (2020-12) of a `jupyterhub_config.json`. */
export function configSchema(classes: readonly ClassDeclaration[]): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      version: { const: 1 },
      ...Object.fromEntries(
        classes.map((declaration) => [
          declaration.name,
          {
            type: 'object',
            description: declaration.help,
            additionalProperties: false,
            properties: Object.fromEntries(
              Object.entries(declaration.traits).map(([name, trait]) => [
                name,
                { ...trait.jsonSchema, description: trait.help },
              ]),
            ),
          },
        ]),
      ),
    },
  };
}
