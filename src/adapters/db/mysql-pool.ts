import { createPool as createHostPool, type Pool as HostPool, type PoolConnection } from 'mysql2'
import type { DatabaseConfig } from '../../config/index.ts'
import { Failure } from '../../protocol/errors.ts'
import { createOptions, destroy, setUp } from './mysql-connection.ts'
import { endsConnection, kindOf, toFailure } from './mysql-errors.ts'
import { findUsable, type Host, type Hosts } from './mysql-hosts.ts'
import { createDbQueue, createOverload } from './queue.ts'

/** A connection, lent. Give it back with the error of its last statement, if there was one. */
export type Lease = { host: Host; connection: PoolConnection; release(error?: unknown): void }

export type Pool = {
  /** Fails with DATABASE_UNREACHABLE when no host outside `avoid` answers, with OVERLOADED after a long wait. */
  acquire(avoid?: ReadonlySet<Host>): Promise<Lease>
  state(): { busy: number; limit: number; waiting: number }
  close(): Promise<void>
}

type Slot = { host: Host; pool: HostPool; busy: number; standing: number }

const none: ReadonlySet<Host> = new Set()
const closeWithinMs = 1_000

/**
 * Connections of one purpose: a pool of mysql2 for each host, and in front of them weights, a bounded queue with a
 * deadline, and the knowledge which host answers. At most as many calls reach a pool as it has connections, so that its own
 * queue stays empty: it knows no deadline.
 */
export function createPool(needs: {
  hosts: Hosts
  config: DatabaseConfig
  order: 'first-alive' | 'any'
  autocommit: boolean
}): Pool {
  const { hosts, config, order, autocommit } = needs
  const slots = hosts.list.map((host): Slot => {
    const options = { ...createOptions(host.settings, config), connectionLimit: config.connectionsPerHost }
    return { host, pool: createHostPool(options), busy: 0, standing: 0 }
  })
  const queue = createDbQueue(config, ({ sinceMs }) =>
    hosts.areSilent(sinceMs) ? createAbsence('no host has answered any call') : createOverload(),
  )
  const open = new Set<PoolConnection>()
  const ready = new WeakSet<PoolConnection>()
  let isClosed = false

  /** A slot, 'busy' when the hosts that may be used have none left, 'away' when there is no such host. */
  function choose(avoid: ReadonlySet<Host>): Slot | 'busy' | 'away' {
    const usable = findUsable(hosts.list, avoid)
    if (usable.length === 0) return 'away'
    const inOrder = slots.filter((slot) => usable.includes(slot.host))
    const candidates = order === 'first-alive' ? inOrder.slice(0, 1) : inOrder
    const free = candidates.filter((slot) => slot.busy < config.connectionsPerHost)
    return free.length === 0 ? 'busy' : pickByWeight(free)
  }

  async function getSlot(avoid: ReadonlySet<Host>): Promise<Slot> {
    const take = () => {
      if (isClosed) throw createAbsence('the database is closed')
      const slot = choose(avoid)
      if (slot === 'busy') return undefined
      if (slot === 'away') throw createAbsence('no host answers')
      slot.busy++
      if (slot.host.downUntil !== 0) slot.host.isProbed = true
      return slot
    }
    return queue.enter(take, avoid.size === 0 ? undefined : avoid)
  }

  function freeSlot(slot: Slot): void {
    slot.busy--
    queue.move()
  }

  function drop(connection: PoolConnection): void {
    open.delete(connection)
    destroy(connection)
  }

  async function connect(slot: Slot): Promise<PoolConnection> {
    const connection = await new Promise<PoolConnection>((resolve, reject) => {
      slot.pool.getConnection((error, got) => (error ? reject(error) : resolve(got)))
    })
    // A connection from before the host went out says nothing about the host: it is set up, so asked, again.
    if (ready.has(connection) && slot.host.downUntil === 0) return connection
    if (!open.has(connection)) {
      open.add(connection)
      connection.once('end', () => open.delete(connection))
      // mysql2 listens once: a second error without a listener would end the process.
      connection.on('error', () => open.delete(connection))
    }
    try {
      await setUp(connection, config, { autocommit })
    } catch (error) {
      drop(connection)
      throw error
    }
    ready.add(connection)
    return connection
  }

  function lend(slot: Slot, connection: PoolConnection): Lease {
    const { host } = slot
    return {
      host,
      connection,
      release(error) {
        const isUsable = error === undefined || !endsConnection(error)
        if (isUsable) hosts.answered(host)
        else if (kindOf(error) === 'timeout') hosts.answered(host, error)
        else if (['away', 'unready'].includes(kindOf(error))) hosts.down(host, error)
        if (isUsable) connection.release()
        else drop(connection)
        freeSlot(slot)
      },
    }
  }

  return {
    async acquire(avoid = none) {
      const tried = new Set(avoid)
      let cause: unknown
      for (;;) {
        const slot = await getSlot(tried).catch((error) => {
          throw cause === undefined ? error : cause
        })
        try {
          const connection = await connect(slot)
          hosts.up(slot.host)
          return lend(slot, connection)
        } catch (error) {
          const isFull = kindOf(error) === 'full'
          if (isFull) hosts.full(slot.host)
          else hosts.down(slot.host, error)
          tried.add(slot.host)
          freeSlot(slot)
          cause = toConnectFailure(error)
          // A first host that is busy is still the first: the next one may be its standby.
          if (isFull && order === 'first-alive') throw cause
        }
      }
    },
    state: () => ({
      busy: slots.reduce((sum, { busy }) => sum + busy, 0),
      limit: slots.length * config.connectionsPerHost,
      waiting: queue.length,
    }),
    async close() {
      isClosed = true
      queue.move()
      // A server that does not answer keeps its connection open, and that keeps the process alive.
      const forced = new Promise<void>((resolve) => {
        setTimeout(() => {
          open.forEach(destroy)
          resolve()
        }, closeWithinMs).unref()
      })
      const ended = slots.map(({ pool }) => new Promise<void>((resolve) => pool.end(() => resolve())))
      await Promise.race([Promise.all(ended), forced])
    },
  }
}

const createAbsence = (why: string) => new Failure('DATABASE_UNREACHABLE', { cause: new Error(why) })

/** Whatever keeps us from connecting (a wrong password too), the database is out of reach. */
const toConnectFailure = (error: unknown) =>
  kindOf(error) === 'full' ? toFailure(error) : new Failure('DATABASE_UNREACHABLE', { cause: error })

/** Spreads calls smoothly: weights 3 and 1 give a a b a, not a a a b. */
function pickByWeight(slots: readonly Slot[]): Slot {
  const [first, ...others] = slots
  if (first === undefined) throw new Error('no slot to pick from')
  let best = first
  for (const slot of slots) slot.standing += slot.host.settings.weight
  for (const slot of others) if (slot.standing > best.standing) best = slot
  best.standing -= slots.reduce((sum, slot) => sum + slot.host.settings.weight, 0)
  return best
}
