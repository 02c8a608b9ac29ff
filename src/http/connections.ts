import type { Server } from 'node:net'
import ipaddr from 'ipaddr.js'

export type ConnectionLimits = {
  most: number
  mostPerAddress: number
  /** CIDR ranges of proxies: everybody comes from there, so there is no limit for one of them. */
  proxies: readonly string[]
  /** Whom a peer counts as. */
  networkOf(address: string): string | undefined
}

/** Closes connections beyond the limits as they come, so that no address can hold all of them. */
export const limitConnections = (server: Server, limits: ConnectionLimits) => {
  const counts = new Map<string, number>()
  const ranges = limits.proxies
    .map((range) => (range.includes('/') ? range : `${range}/${range.includes(':') ? 128 : 32}`))
    .filter((range) => ipaddr.isValidCIDR(range))
    .map((range) => ipaddr.parseCIDR(range))
  const isProxy = (address: string) => {
    const peer = ipaddr.process(address)
    return ranges.some(([range, bits]) => range.kind() === peer.kind() && peer.match([range, bits]))
  }
  server.maxConnections = limits.most
  server.on('connection', (socket) => {
    const { remoteAddress = '' } = socket
    const network = limits.networkOf(remoteAddress)
    if (network === undefined || isProxy(remoteAddress)) return
    const count = counts.get(network) ?? 0
    if (count >= limits.mostPerAddress) return socket.destroy()
    counts.set(network, count + 1)
    socket.once('close', () => {
      const left = (counts.get(network) ?? 1) - 1
      if (left > 0) counts.set(network, left)
      else counts.delete(network)
    })
  })
}
