/** A published login server beside ours: installed when it is wanted, outside of the product's own packages. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findFreePort } from '../test/harness.ts'
import type { Databases } from './databases.ts'
import { startWatched, type Watched } from './processes.ts'

export type Peer = Watched & { port: number; origin: string }
export type PeerPopulation = { origin: string; users: { email: string; password: string; cookie: string }[] }

const run = promisify(execFile)
const root = fileURLToPath(new URL('.', import.meta.resolve('#root/package.json')))
const source = join(root, 'tools', 'bench', 'peers')
/** Where git does not look, and neither does the build. */
const folder = join(root, 'data', 'bench-peers')
const files = ['package.json', 'package-lock.json', 'better-auth.mjs']
const userCount = 32
const atOnce = 8

/** By `npm ci`, once for each lock file. */
const install = async () => {
  const lock = await readFile(join(source, 'package-lock.json'), 'utf8')
  const installed = await readFile(join(folder, 'installed.json'), 'utf8').catch(() => undefined)
  await mkdir(folder, { recursive: true })
  for (const file of files) await cp(join(source, file), join(folder, file))
  if (installed === lock) return
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder })
  await rm(join(folder, 'installed.json'), { force: true })
  await cp(join(source, 'package-lock.json'), join(folder, 'installed.json'))
}

export const startPeer = async (plan: {
  folder: string
  core: number | undefined
  databases: Databases
}): Promise<Peer> => {
  await install()
  const { primary, redis, peerDatabase } = plan.databases
  const port = await findFreePort()
  const origin = `http://127.0.0.1:${port}`
  const { host, user, password } = primary
  const settings = {
    port,
    origin,
    redis: redis.url,
    secret: randomBytes(32).toString('hex'),
    mysql: { host, port: primary.port, user, password, database: peerDatabase },
    // As ours: raised, not switched off.
    limit: { window: 1, max: 100_000 },
  }
  const environment = { NODE_ENV: 'production', BENCH_PEER: JSON.stringify(settings) }
  const file = join(folder, 'better-auth.mjs')
  await run(process.execPath, [file, 'migrate'], { env: { ...process.env, ...environment } })
  const command = [process.execPath, file]
  const watched = await startWatched({
    name: 'better-auth',
    command,
    environment,
    core: plan.core,
    port,
    folder: plan.folder,
  })
  return { ...watched, port, origin }
}

/** Users with a session each. */
export const populatePeer = async ({ origin }: Peer): Promise<PeerPopulation> => {
  const signUp = async (index: number) => {
    const [email, password] = [`user${index}@bench.example`, `a password of ${index}`]
    const reply = await fetch(`${origin}/api/auth/sign-up/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin, 'x-forwarded-for': '10.0.0.1' },
      body: JSON.stringify({ name: `User ${index}`, email, password }),
    })
    const text = await reply.text()
    const cookie = reply.headers.getSetCookie().map((line) => line.split(';')[0] ?? '')
    if (reply.status !== 200 || cookie.length === 0) throw new Error(`sign-up: ${reply.status} ${text}`)
    return { email, password, cookie: cookie.join('; ') }
  }
  const users: PeerPopulation['users'] = []
  for (let from = 0; from < userCount; from += atOnce) {
    const wave = Array.from({ length: Math.min(atOnce, userCount - from) }, (_, index) => from + index)
    users.push(...(await Promise.all(wave.map(signUp))))
  }
  return { origin, users }
}
