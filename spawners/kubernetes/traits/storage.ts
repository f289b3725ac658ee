import * as t from '../../../core/config/traits.js';
import { mapping, maybeText } from './kinds.js';

/** The claim for storage; mounting it is for `volumes` and `volume_mounts` to say. */
export const storageTraits = {
  storage_pvc_ensure: t.bool(false, { help: 'Make the claim at a start when it does not exist.' }),
  storage_capacity: maybeText({ help: 'Size of the claim, e.g. `10Gi`.' }),
  storage_class: maybeText({
    help: "StorageClass of the claim. Unset: the cluster's default; empty: no volume is made for it.",
  }),
  storage_access_modes: t.list(t.unicode(), ['ReadWriteOnce'], { help: 'Access modes of the claim.' }),
  storage_selector: mapping({ help: 'Labels that the volume must have, with template fields.' }),
  storage_extra_labels: mapping({ help: 'Further labels of the claim, with template fields.' }),
  storage_extra_annotations: mapping({ help: 'Further annotations of the claim, with template fields.' }),
  delete_pvc: t.bool(true, {
    help: 'Delete the claim, and with it the data, when its user or named server is deleted.',
  }),
};
