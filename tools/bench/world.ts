/** Every server of the run, started and populated. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findFreePort } from '../test/harness.ts'
import type { Cores } from './cores.ts'
import { startDatabases } from './databases.ts'
import type { Target } from './measure.ts'
import type { Options } from './options.ts'
import { populatePeer, startPeer } from './peer.ts'
import { populate } from './population.ts'
import { readUse, startWatched } from './processes.ts'
import type { Start } from './report.ts'
import type { Measurement, People, TargetName } from './rows.ts'
import { startTorii } from './torii.ts'

const here = dirname(fileURLToPath(import.meta.url))

export type World = {
  targets: Partial<Record<TargetName, Target>>
  people: People
  starts: Start[]
  /** Why a server is not there, for the notes. */
  missing: string[]
}
/** Called in reverse order. */
export type Closing = (() => Promise<unknown>)[]

export const startWorld = async (
  plan: {
    options: Options
    measurements: Measurement[]
    cores: Cores | undefined
    folder: string
    /** Throws when the run is to end. */
    checkRunning(): void
  },
  closing: Closing,
): Promise<World> => {
  const { options, measurements, folder, checkRunning } = plan
  const core = plan.cores?.server
  const clients = new Set(measurements.map((one) => one.clients))
  const needed = new Set(measurements.map(({ target }) => target))
  const world: World = { targets: {}, people: {}, starts: [], missing: [] }
  const keep = <T extends Target & { startMs: number }>(name: TargetName, target: T): T => {
    closing.push(target.stop)
    world.targets[name] = target
    world.starts.push({ target: name, startMs: target.startMs, rssMb: readUse(target.pid)?.rssMb })
    return target
  }
  const port = await findFreePort()
  const command = [process.execPath, join(here, 'bare.js'), String(port)]
  const bare = await startWatched({ name: 'bare', command, environment: {}, core, port, folder })
  keep('bare', { ...bare, port })

  const databases = needed.has('redis') || needed.has('peer') ? await startDatabases(folder) : undefined
  if (databases) closing.push(databases.stop)
  const { users } = options
  for (const name of ['memory', 'redis'] as const) {
    checkRunning()
    if (!needed.has(name)) continue
    const own = { name, folder, core, databases: name === 'redis' ? databases : undefined }
    world.people[name] = await populate(keep(name, await startTorii(own)), { users, clients })
  }
  checkRunning()
  if (needed.has('peer') && databases) {
    try {
      world.people.peer = await populatePeer(keep('peer', await startPeer({ folder, core, databases })))
    } catch (error) {
      // No network, perhaps. Ours can be measured all the same.
      world.missing.push(`Better Auth was not measured: ${(error as Error).message.slice(0, 500)}`)
    }
  }
  return world
}
