import type { Catalog } from '../catalog.js';
import { declarationOf } from '../catalog.js';
import type { ResolvedConfig } from '../resolved.js';
import { blanked, literal, toJson } from './values.js';

/** `--show-config`: what is configured, by class, with secrets blanked. */

type Shown = ReadonlyArray<readonly [className: string, settings: ReadonlyArray<readonly [string, unknown]>]>;

function shown(config: ResolvedConfig, catalog: Catalog): Shown {
  return [...config.tree].map(([className, traits]) => {
    const declaration = declarationOf(catalog, className);
    const values =
      declaration && (config.resolution(declaration).values as Readonly<Record<string, unknown>>);
    const raw = (name: string): unknown => {
      const last = traits.get(name)?.at(-1);
      return last?.kind === 'value' ? last.value : last?.kind === 'texts' ? last.texts : last?.operations;
    };
    const settings = [...traits.keys()].map((name) => {
      const value = values && Object.hasOwn(values, name) ? values[name] : raw(name);
      return [name, blanked(declaration?.traits[name], value)] as const;
    });
    return [className, settings] as const;
  });
}

export function showConfig(config: ResolvedConfig, catalog: Catalog): string {
  const lines = config.file ? ['Loaded config files:', `  ${config.file.path}`, ''] : [];
  for (const [className, settings] of shown(config, catalog)) {
    lines.push(className, ...settings.map(([name, value]) => `  .${name} = ${literal(value)}`));
  }
  return `${lines.join('\n')}\n`;
}

export function showConfigJson(config: ResolvedConfig, catalog: Catalog): string {
  const record = Object.fromEntries(
    shown(config, catalog).map(([className, settings]) => [
      className,
      Object.fromEntries(settings.map(([name, value]) => [name, toJson(value)])),
    ]),
  );
  return `${JSON.stringify(record, null, 2)}\n`;
}
