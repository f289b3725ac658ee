/**
 * Images that go wrong, by name; all others are there after `pullMs`. The words are kubelet's and containerd's.
 */
export type Pull =
  | { readonly kind: 'there' }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'fails'; readonly message: string }
  | { readonly kind: 'invalid'; readonly message: string };

export function pullOf(image: string): Pull {
  const [name = ''] = image.split(':');
  switch (name) {
    case 'fault/err-image-pull':
      return {
        kind: 'fails',
        message: `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/${image}": failed to resolve reference "docker.io/${image}": docker.io/${image}: not found`,
      };
    case 'fault/invalid-name':
      return {
        kind: 'invalid',
        message: `Failed to apply default image tag "${image}": couldn't parse image name`,
      };
    case 'fault/slow-pull':
      return { kind: 'slow', ms: 3_000 };
    case 'fault/stuck-pull':
      return { kind: 'slow', ms: 3_600_000 };
    default:
      return { kind: 'there' };
  }
}

/** Its container is killed as one that used too much memory, soon after it began. */
export const OOM_IMAGE = 'fault/oom';
