import { type Policy, parsePolicy } from './policy-file.ts';
import {
  checkTailnet,
  type NodeInput,
  readNode,
  type Tailnet,
  type TailnetNode,
  type TailnetStatus,
} from './tailnet.ts';

/** What a change of the tailnet does to the network map. */
export interface Change {
  readonly changed: readonly TailnetNode[];
  readonly removed: readonly TailnetNode[];
  readonly backendState: boolean;
}

type NodePatch = Partial<NodeInput>;

/** The tailnet as it is now. A change that the tailnet file's rules refuse throws and changes nothing. */
export class Model {
  #tailnet: Tailnet;
  #byAddress: ReadonlyMap<string, TailnetNode>;

  constructor(tailnet: Tailnet) {
    this.#tailnet = tailnet;
    this.#byAddress = indexAddresses(tailnet);
  }

  get tailnet(): Tailnet {
    return this.#tailnet;
  }

  get self(): TailnetNode {
    const self = this.#tailnet.nodes.get(this.#tailnet.self);
    if (self === undefined) throw new Error(`the tailnet lost its own node ${this.#tailnet.self}`);
    return self;
  }

  /** Whose `address` (canonical) this is: a node's tailnet address or its loopback one. */
  nodeAt(address: string): TailnetNode | undefined {
    return this.#byAddress.get(address);
  }

  nodeWithKey(key: string): TailnetNode | undefined {
    return [...this.#tailnet.nodes.values()].find((node) => node.key === key);
  }

  /** @throws TailnetFileError */
  replace(tailnet: Tailnet): Change {
    const before = this.#tailnet;
    this.#tailnet = tailnet;
    this.#byAddress = indexAddresses(tailnet);
    const same = (node: TailnetNode) =>
      JSON.stringify(before.nodes.get(node.name)) === JSON.stringify(node);
    return {
      changed: [...tailnet.nodes.values()].filter((node) => !same(node)),
      removed: [...before.nodes.values()].filter(({ name }) => !tailnet.nodes.has(name)),
      backendState: before.status.backendState !== tailnet.status.backendState,
    };
  }

  /** @throws TailnetFileError */
  putNode(name: string, input: NodeInput): Change {
    const node = readNode(name, input, this.#tailnet);
    const nodes = new Map(this.#tailnet.nodes).set(name, node);
    return this.replace(checkTailnet({ ...this.#tailnet, nodes }));
  }

  /** Giving a node tags takes its user away, and the other way round, as in a tailnet. @throws TailnetFileError */
  patchNode(name: string, patch: NodePatch): Change {
    const { name: _name, ...node } = this.#node(name);
    const merged: NodeInput = { ...node, ...patch };
    if (patch.user !== undefined) merged.tags = [];
    if (patch.tags !== undefined && patch.tags.length > 0) merged.user = undefined;
    return this.putNode(name, merged);
  }

  removeNode(name: string): Change {
    this.#node(name);
    const nodes = new Map(this.#tailnet.nodes);
    nodes.delete(name);
    return this.replace(checkTailnet({ ...this.#tailnet, nodes }));
  }

  /** @throws TailnetFileError */
  setPolicy(value: unknown): Policy {
    const { source, users } = this.#tailnet;
    const policy = parsePolicy(value, `${source}: policy`, users.keys());
    this.replace({ ...this.#tailnet, policy });
    return policy;
  }

  setStatus(patch: Partial<TailnetStatus>): Change {
    return this.replace({ ...this.#tailnet, status: { ...this.#tailnet.status, ...patch } });
  }

  #node(name: string): TailnetNode {
    const node = this.#tailnet.nodes.get(name);
    if (node === undefined) throw new Error(`the simulated tailnet has no node "${name}"`);
    return node;
  }
}

function indexAddresses(tailnet: Tailnet): ReadonlyMap<string, TailnetNode> {
  const index = new Map<string, TailnetNode>();
  for (const node of tailnet.nodes.values()) {
    for (const address of node.addresses) index.set(address, node);
    if (node.loopback !== undefined) index.set(node.loopback, node);
  }
  return index;
}
