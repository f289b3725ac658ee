/**
 * Longest stored prefix on a segment border. Pure; `Map`s, so that `__proto__` and `constructor` are names like
 * any other. A lookup walks at most as deep as the deepest stored path, however long the request's is.
 */
interface Node<T> {
  value: T | undefined;
  children: Map<string, Node<T>> | undefined;
}

export class PathTrie<T> {
  readonly #root: Node<T> = { value: undefined, children: undefined };

  /** Leading and trailing slashes of a stored path are insignificant; inner empty segments are not. */
  set(path: string, value: T): void {
    let node = this.#root;
    for (const segment of segmentsOf(path)) {
      node.children ??= new Map();
      let child = node.children.get(segment);
      if (!child) {
        child = { value: undefined, children: undefined };
        node.children.set(segment, child);
      }
      node = child;
    }
    node.value = value;
  }

  /** Removes one path, keeps what is stored below it, prunes branches that lead nowhere. */
  delete(path: string): void {
    const trail: Array<readonly [Node<T>, string]> = [];
    let node = this.#root;
    for (const segment of segmentsOf(path)) {
      const child = node.children?.get(segment);
      if (!child) return;
      trail.push([node, segment]);
      node = child;
    }
    node.value = undefined;
    for (const [parent, segment] of trail.reverse()) {
      const child = parent.children?.get(segment);
      if (child?.value !== undefined || child?.children) return;
      parent.children?.delete(segment);
      if (parent.children?.size === 0) parent.children = undefined;
    }
  }

  /** @param path with its leading slash; `''` is the root */
  find(path: string): T | undefined {
    let node = this.#root;
    let best = node.value;
    let start = 1;
    while (node.children && start < path.length) {
      const slash = path.indexOf('/', start);
      const end = slash < 0 ? path.length : slash;
      const child = node.children.get(path.slice(start, end));
      if (!child) break;
      node = child;
      best = node.value ?? best;
      start = end + 1;
    }
    return best;
  }

  /** For tests: whether nothing at all is stored. */
  get empty(): boolean {
    return this.#root.value === undefined && this.#root.children === undefined;
  }
}

function segmentsOf(path: string): readonly string[] {
  const trimmed = path.replace(/^\/+/, '').replace(/\/+$/, '');
  return trimmed === '' ? [] : trimmed.split('/');
}
