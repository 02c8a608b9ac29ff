import type { DatabaseHost } from '../../config/index.ts'

/** What the adapter logs; pino's logger fits. */
export type DbLogger = {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** One configured host: whether it answers, shared by everything that connects to it. */
export type Host = {
  readonly settings: DatabaseHost
  readonly name: string
  /** 0 while it answers, else the time from which it is tried again. */
  downUntil: number
  /** A call is trying whether a host that was down answers again. */
  isProbed: boolean
  /** Statements in a row without an answer. */
  timeouts: number
  /** When it was last heard of. */
  answeredAt: number
}

/** The only sign of a host that accepts connections and answers no query. */
const timeoutsUntilDown = 3
/** Of which all connections say nothing for this long is as good as away. Less than the default of `waitTimeoutMs`. */
const silentMs = 900

export type Hosts = ReturnType<typeof createHosts>

export function createHosts(needs: {
  settings: DatabaseHost[]
  hostDownMs: number
  logger?: DbLogger | undefined
}) {
  const { settings, hostDownMs, logger } = needs
  const list = settings.map(
    (one): Host => ({
      settings: one,
      name: `${one.host}:${one.port}`,
      downUntil: 0,
      isProbed: false,
      timeouts: 0,
      answeredAt: 0,
    }),
  )

  function down(host: Host, error: unknown): void {
    const reason = String((error as { code?: unknown })?.code ?? 'no answer')
    if (host.downUntil === 0) logger?.warn({ host: host.name, reason }, 'database host is out')
    host.downUntil = performance.now() + hostDownMs
    host.isProbed = false
  }

  return {
    list: list as readonly Host[],
    down,
    up(host: Host): void {
      if (host.downUntil !== 0) logger?.info({ host: host.name }, 'database host is back')
      host.downUntil = 0
      host.isProbed = false
      host.answeredAt = performance.now()
    },
    /** It answers, but takes no more connections: those that are open go on. */
    full(host: Host): void {
      host.isProbed = false
    },
    /** True if a call that has waited for a connection since then waits for hosts that answer no query. */
    areSilent: (since: number) =>
      performance.now() - since >= silentMs && list.every(({ answeredAt }) => answeredAt < since),
    /** Counts a statement that was answered (without `error`) or not. */
    answered(host: Host, timeout?: unknown): void {
      if (timeout === undefined) host.answeredAt = performance.now()
      host.timeouts = timeout === undefined ? 0 : host.timeouts + 1
      if (host.timeouts < timeoutsUntilDown) return
      host.timeouts = 0
      down(host, timeout)
    },
  }
}

/**
 * The hosts that a call may go to: those that answer, and those that may be tried again, each by one call at a
 * time. If none answers, one call at a time may try each, so that a lone host is back as soon as it is.
 */
export function findUsable(hosts: readonly Host[], avoid: ReadonlySet<Host>): Host[] {
  const now = performance.now()
  const allowed = hosts.filter((host) => !avoid.has(host))
  const isSomeAlive = allowed.some((host) => host.downUntil === 0)
  return allowed.filter(
    (host) => host.downUntil === 0 || (!host.isProbed && (!isSomeAlive || host.downUntil <= now)),
  )
}
