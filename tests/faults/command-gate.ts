/** Stands between a client and Redis and knows where one command ends: there, and nowhere else, it can stop. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

const end = Buffer.from('\r\n')

/** The first whole command of these bytes: an array of strings, as every client sends it. */
const readCommand = (bytes: Buffer): { name: string; length: number } | undefined => {
  let at = 0
  const readCount = () => {
    const stop = bytes.indexOf(end, at)
    if (stop < 0) return undefined
    const count = Number(bytes.toString('latin1', at + 1, stop))
    at = stop + end.length
    return count
  }
  const parts = readCount()
  if (parts === undefined) return undefined
  let name = ''
  for (let part = 0; part < parts; part++) {
    const length = readCount()
    if (length === undefined || bytes.length < at + length + end.length) return undefined
    if (part === 0) name = bytes.toString('latin1', at, at + length).toUpperCase()
    at += length + end.length
  }
  return { name, length: at }
}

export const openCommandGate = async (redis: { port: number }) => {
  let left = Number.POSITIVE_INFINITY
  let onShut: (last: string) => void = () => {}
  const sockets = new Set<Socket>()
  const counts: Record<string, number> = {}

  const server = createServer((client) => {
    const upstream = connect({ port: redis.port, host: '127.0.0.1' })
    let unsent = Buffer.alloc(0)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    upstream.pipe(client)
    client.on('data', (data) => {
      unsent = Buffer.concat([unsent, data])
      for (let command = readCommand(unsent); command && left > 0; command = readCommand(unsent)) {
        upstream.write(unsent.subarray(0, command.length))
        unsent = unsent.subarray(command.length)
        counts[command.name] = (counts[command.name] ?? 0) + 1
        left--
        if (left === 0) onShut(command.name)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** How often each command has passed. */
    counts,
    /** Lets so many more commands pass and none after them; resolves with the name of the last one. */
    shutAfter: (commands: number) =>
      new Promise<string>((resolve) => {
        left = commands
        onShut = resolve
      }),
    open: () => {
      left = Number.POSITIVE_INFINITY
    },
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
