/** The command line in this process, and for what needs one, as a process of its own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { main } from '../../tools/console/main.ts'
import type { Environment, ServerProcess } from '../harness/test-server.ts'

export const toriiFile = fileURLToPath(import.meta.resolve('#root/dist/tools/torii.js'))

export type Ended = { code: number | null; stdout: string; stderr: string }

/** Runs a program to its end; `input` is what it reads, `heard` is told what it has printed so far. */
export const run = (
  command: string,
  args: readonly string[],
  {
    environment = {},
    cwd,
    input = '',
    heard = () => {},
  }: { environment?: Environment; cwd?: string; input?: string; heard?: (stdout: string) => void } = {},
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(cwd && { cwd }),
      env: { PATH: process.env.PATH ?? '', ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text
        if (name === 'stdout') heard(said.stdout)
      })
    }
    child.on('error', reject).on('close', (code) => resolve({ code, ...said }))
    child.stdin.on('error', () => {}).end(input)
  })

export type Torii = (...args: string[]) => Promise<Ended>

/** Calls the command line in this process. */
export const createTorii =
  (environment: Environment, cwd = process.cwd(), input: string | Uint8Array = ''): Torii =>
  async (...args) => {
    const said = { stdout: '', stderr: '' }
    const code = await main(args, {
      environment,
      folder: cwd,
      print: (text) => {
        said.stdout += text
      },
      complain: (text) => {
        said.stderr += text
      },
      readInput: async () => Buffer.from(input),
    })
    return { code, ...said }
  }

/** Starts the command line as an administrator does. `heard` is told what it has printed so far. */
export const createToriiProcess =
  (environment: Environment, heard: (stdout: string) => void = () => {}): Torii =>
  (...args) =>
    run(process.execPath, [toriiFile, ...args], { environment, heard })

/** The data of `--json`. Throws what it said when it was not done. */
export const ask = async <T = Record<string, unknown>>(torii: Torii, ...args: string[]): Promise<T> => {
  const { code, stdout, stderr } = await torii(...args, '--json')
  if (code !== 0) throw new Error(`torii ${args.join(' ')} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout) as T
}

/** Several at a time: two cores are not enough for all. */
export const inTurns = async <T>(items: readonly T[], work: (item: T) => Promise<void>, count = 3) => {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: count }, worker))
}

export const createFolder = (t: { teardown(end: () => unknown): void }) => {
  const folder = mkdtempSync(join(tmpdir(), 'torii-cli-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export type App = { appId: string; appSecret: string }

/** A plain call as JSON. */
export const call = async (
  { send }: Pick<ServerProcess, 'send'>,
  app: App,
  path: string,
  members: Record<string, unknown> = {},
) => {
  const { body } = await send({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify({ appid: app.appId, appsecret: app.appSecret, ...members }),
  })
  return JSON.parse(body) as Record<string, unknown> & { code: number }
}

const clientHash = 'abcdefghijklmnopqrstuvwxyz01234'

/** Registers a user as a client does that runs bcrypt itself; the hash stands for any. */
export const register = async (server: Pick<ServerProcess, 'send'>, app: App, userName: string) => {
  const { salt } = await call(server, app, '/v1/prelogin', { login: userName })
  return call(server, app, '/v1/register', { regmode: 'anonymous', user: { userName }, salt, clientHash })
}

export const login = (server: Pick<ServerProcess, 'send'>, app: App, name: string) =>
  call(server, app, '/v1/login', { login: name, clientHash })
