import * as t from '../../../core/config/traits.js';
import type { OfSpawner } from './kinds.js';

type Profiles = readonly unknown[] | Readonly<Record<string, unknown>>;
const record = t.dict(t.anything);

/** What users may choose from. */
export const profileTraits = {
  profile_list: t.union([t.list(record), t.functionOf<OfSpawner<Profiles>>(), record], [], {
    help: 'Profiles to choose from before a start: a list, a dictionary taken in the order of its keys, or a function of the spawner. Each has `display_name`, and may have `slug`, `description`, `default`, `kubespawner_override` and `profile_options`.',
  }),
  profile_form_template: t.unicode('', {
    help: 'Template of the form (Jinja2), instead of the one that comes along: `profile_list` and `user_options` are its variables.',
  }),
  additional_profile_form_template_paths: t.list(t.unicode(), [], {
    help: 'Directories that are searched for a `form.html` before the one that comes along.',
  }),
};
