import { mkdtemp } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { getProgram } from './programs.ts'
import { type Server, startServer } from './server-process.ts'

/** Without a password: `user` and `password` are empty. */
export type Redis = Server & { user: string; password: string; url: string }

export type RedisOptions = {
  /** The folder of this run. The server gets a new folder in it. */
  folder: string
  port?: number
  /** More options for redis-server, such as `['--cluster-enabled', 'yes']`. */
  args?: readonly string[]
}

export async function startRedis({ folder: runFolder, port, args = [] }: RedisOptions): Promise<Redis> {
  const folder = await mkdtemp(join(runFolder, 'redis-'))
  const server = await startServer({
    folder,
    port,
    command: getProgram('redis-server'),
    arguments: (port) => [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...['--save', '', '--appendonly', 'no', '--daemonize', 'no'],
      ...args,
    ],
    ask: async (port, pid) => {
      const reply = await ask(port, 'INFO server')
      // Another Redis may have been quicker on this port.
      if (!reply.includes(`process_id:${pid}\r\n`))
        throw new Error(`another server answers: ${reply.slice(0, 80)}`)
    },
  })
  return Object.assign(server, { user: '', password: '', url: `redis://${server.host}:${server.port}` })
}

function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.end(`${command}\r\nQUIT\r\n`))
    let reply = ''
    socket.setTimeout(2_000, () => socket.destroy(new Error('no answer')))
    socket.setEncoding('utf8').on('data', (chunk) => {
      reply += chunk
    })
    socket.on('error', reject).on('close', () => resolve(reply))
  })
}
