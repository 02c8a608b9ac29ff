/** Bounds on open connections that add up, so that no few addresses can hold all of them. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Address } from './caller.ts'
import { createIsProxy } from './proxies.ts'

export type ConnectionLimits = {
  maxConnections: number
  /** Of one address (IPv6: one /64). */
  maxConnectionsPerAddress: number
  /** Of one /48 (IPv4: one /24). */
  maxConnectionsPerNetwork: number
  /** CIDR ranges of proxies: all callers come from there, so only the sum is bounded. */
  trustedProxies: readonly string[]
  describeAddress(text: string): Address | undefined
}

/** The newest exchange of a connection. */
export type Latest = { request: IncomingMessage; response: ServerResponse; beganMs: number }
export type FindLatest = (stream: Duplex) => Latest | undefined

/** Remembers the newest request of each connection. */
export const watchRequests = (server: Server, elapsedMs: () => number): FindLatest => {
  const latest = new WeakMap<Duplex, Latest>()
  server.on('request', (request, response) =>
    latest.set(request.socket, { request, response, beganMs: elapsedMs() }),
  )
  return (stream) => latest.get(stream)
}

type Connection = {
  peer: string
  socket: Socket
  /** The TLS stream, or the socket itself. */
  stream: Duplex
  /** Its groups: address and network; none for a proxy. */
  groups: string[]
  openedMs: number
}

/** So many idle connections close at once: finding the oldest has to look at all of the group. */
const mostClosed = 32

type Peer = { remoteAddress?: string | undefined; remotePort?: number | undefined }
const peerOf = ({ remoteAddress, remotePort }: Peer) => `${remoteAddress} ${remotePort}`

/** At a bound the connections that have been idle longest make room. Without an idle one the new connection closes. */
export const limitConnections = (
  server: Server,
  limits: ConnectionLimits,
  { findLatest, elapsedMs }: { findLatest: FindLatest; elapsedMs(): number },
) => {
  const open = new Map<string, Connection>()
  const groups = new Map<string, Set<Connection>>()
  const isProxy = createIsProxy(limits.trustedProxies)

  const groupsOf = (text: string): string[] => {
    const address = limits.describeAddress(text)
    if (!address || isProxy(text)) return []
    return [`address ${address.limitNetwork}`, `network ${address.site}`]
  }

  const add = (connection: Connection) => {
    open.set(connection.peer, connection)
    for (const name of connection.groups) {
      const group = groups.get(name) ?? new Set()
      groups.set(name, group.add(connection))
    }
  }
  const remove = (connection: Connection) => {
    if (open.get(connection.peer) === connection) open.delete(connection.peer)
    for (const name of connection.groups) {
      const group = groups.get(name)
      group?.delete(connection)
      if (group?.size === 0) groups.delete(name)
    }
  }

  /** When a connection became idle, roughly; undefined while a request of it is served. */
  const idleSince = ({ stream, openedMs }: Connection): number | undefined => {
    const latest = findLatest(stream)
    if (!latest) return openedMs
    return latest.response.writableFinished ? latest.beganMs : undefined
  }

  /** Closes the oldest idle connections of a group; false if none was idle. */
  const makeRoom = (group: ReadonlySet<Connection>): boolean => {
    const idle = [...group].flatMap((connection) => {
      const sinceMs = idleSince(connection)
      return sinceMs === undefined ? [] : [{ connection, sinceMs }]
    })
    idle.sort((a, b) => a.sinceMs - b.sinceMs)
    for (const { connection } of idle.slice(0, Math.min(mostClosed, Math.ceil(group.size / 10)))) {
      remove(connection)
      connection.socket.destroy()
    }
    return idle.length > 0
  }

  /** The network that holds the most gives way first, whichever network the new connection is from. */
  const findLargest = (): ReadonlySet<Connection> => {
    let largest: ReadonlySet<Connection> = new Set()
    for (const [name, group] of groups)
      if (name.startsWith('network') && group.size > largest.size) largest = group
    return largest
  }

  const hasRoom = ([address = '', network = '']: readonly string[]): boolean => {
    const bounds: [ReadonlySet<Connection> | undefined, number][] = [
      [groups.get(address), limits.maxConnectionsPerAddress],
      [groups.get(network), limits.maxConnectionsPerNetwork],
    ]
    for (const [group, most] of bounds) if (group && group.size >= most && !makeRoom(group)) return false
    return open.size < limits.maxConnections || makeRoom(findLargest())
  }

  server.on('connection', (socket: Socket) => {
    const names = groupsOf(socket.remoteAddress ?? '')
    if (socket.remoteAddress === undefined || !hasRoom(names)) return socket.destroy()
    const connection: Connection = {
      peer: peerOf(socket),
      socket,
      stream: socket,
      groups: names,
      openedMs: elapsedMs(),
    }
    add(connection)
    socket.once('close', () => remove(connection))
  })
  server.on('secureConnection', (stream: Duplex & Peer) => {
    const connection = open.get(peerOf(stream))
    if (connection) connection.stream = stream
  })
}
