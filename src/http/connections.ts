import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { LRUCache } from 'lru-cache';
import type { Tally } from './tally.ts';

/** The connections of all peers, on listeners that they reach themselves: a share for each (T38). */
export interface Connections {
  /**
   * Counts the connections of a listener from now on. The oldest idle one of a peer that has its share goes when one
   * more comes; so does that of whoever has most, when there are too many of all.
   * @param of whose a new connection is, by its address; undefined where its address says nothing
   */
  watch(server: Server, of: (address: string) => string | undefined): void;
  /**
   * Whose this connection is: now it is known, or another client has authenticated on it.
   * @param owner undefined: of many, as a trusted proxy's are; it counts for nobody
   */
  claim(socket: Socket, owner: string | undefined): void;
  /** Whose it is, as far as it is known. */
  ownerOf(socket: Socket): string | undefined;
}

export interface ConnectionLimits {
  readonly perPeer: number;
  readonly total: number;
}

interface Connection {
  readonly raw: Socket;
  /** Of its other end; over TLS the socket below forgets it. */
  readonly address: string | undefined;
  owner: string | undefined;
  requests: number;
}

/** Connections of one owner; the idle ones with the oldest first. */
interface Share {
  readonly all: Set<Connection>;
  readonly idle: Set<Connection>;
}

/** So long new connections from the address of a trusted proxy are nobody's, before they have said anything. */
const proxyMs = 600_000;

export function createConnections({ perPeer, total }: ConnectionLimits, tally: Tally): Connections {
  const shares = new Map<string | undefined, Share>();
  const known = new WeakMap<Socket, Connection>();
  const proxies = new LRUCache<string, true>({ max: 1000, ttl: proxyMs });
  let count = 0;

  const shareOf = (owner: string | undefined): Share => {
    let share = shares.get(owner);
    if (!share) {
      share = { all: new Set(), idle: new Set() };
      shares.set(owner, share);
    }
    return share;
  };
  const add = (connection: Connection): void => {
    const share = shareOf(connection.owner);
    share.all.add(connection);
    if (connection.requests === 0) share.idle.add(connection);
  };
  const remove = (connection: Connection): boolean => {
    const share = shares.get(connection.owner);
    if (!share?.all.delete(connection)) return false;
    share.idle.delete(connection);
    if (share.all.size === 0) shares.delete(connection.owner);
    return true;
  };
  const end = (connection: Connection): void => {
    if (remove(connection)) count -= 1;
    connection.raw.destroy();
  };
  /** Ends the oldest idle one. @returns false when none is idle */
  const endIdle = ({ idle }: Share): boolean => {
    const [oldest] = idle;
    if (!oldest) return false;
    end(oldest);
    return true;
  };
  const largest = (): Share | undefined =>
    [...shares.values()].reduce<Share | undefined>(
      (most, one) => (one.idle.size > (most?.idle.size ?? 0) ? one : most),
      undefined,
    );
  /** Makes room for one more of this owner's, who may be over its share by claiming. */
  const makeRoom = (owner: string | undefined): boolean => {
    const share = shares.get(owner);
    if (owner !== undefined && share && share.all.size >= perPeer) {
      const ended = endIdle(share);
      tally.count(ended ? 'idleConnections' : 'connections', owner);
      return ended;
    }
    if (count < total) return true;
    const most = largest();
    tally.count('fullConnections', owner);
    return most !== undefined && endIdle(most);
  };

  return {
    watch(server, of) {
      /** By the port of the other end: over TLS a request knows only the socket above. */
      const handshakes = new Map<string, Connection>();
      server.on('connection', (raw: Socket) => {
        const { remoteAddress, remotePort } = raw;
        const isNobodys = remoteAddress === undefined || proxies.has(remoteAddress);
        const owner = isNobodys ? undefined : of(remoteAddress);
        if (!makeRoom(owner)) {
          raw.destroy();
          return;
        }
        const connection: Connection = {
          raw,
          address: remoteAddress,
          owner,
          requests: 0,
        };
        const at = `${remoteAddress} ${remotePort}`;
        count += 1;
        add(connection);
        known.set(raw, connection);
        handshakes.set(at, connection);
        raw.once('close', () => {
          if (handshakes.get(at) === connection) handshakes.delete(at);
          if (remove(connection)) count -= 1;
        });
      });
      server.on('secureConnection', (socket: Socket) => {
        const connection = handshakes.get(`${socket.remoteAddress} ${socket.remotePort}`);
        if (connection) known.set(socket, connection);
      });
      server.prependListener('request', ({ socket }, response) => {
        const connection = known.get(socket);
        if (!connection) return;
        connection.requests += 1;
        shares.get(connection.owner)?.idle.delete(connection);
        response.once('close', () => {
          connection.requests -= 1;
          const share = shares.get(connection.owner);
          if (connection.requests === 0 && share?.all.has(connection)) share.idle.add(connection);
        });
      });
    },
    claim(socket, owner) {
      const connection = known.get(socket);
      if (!connection) return;
      const { address } = connection;
      if (owner === undefined && address !== undefined) proxies.set(address, true);
      if (connection.owner === owner || !remove(connection)) return;
      connection.owner = owner;
      add(connection);
      const share = shareOf(owner);
      if (owner === undefined || share.all.size <= perPeer) return;
      // what it has too many of shows once it is known whose they are
      endIdle(share);
      tally.count('idleConnections', owner);
    },
    ownerOf: (socket) => known.get(socket)?.owner,
  };
}
