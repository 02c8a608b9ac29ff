/** The database: its hosts, replicas and their lag, migrations. */
import type { HostHealth } from '../../src/adapters/db/index.ts'
import { createMigrator } from '../../src/adapters/db/migrate.ts'
import type { DatabaseConfig } from '../../src/config/index.ts'
import { judgeClock } from './clocks.ts'
import { broken, type Finding, ok, warning } from './finding.ts'

const advices: readonly (readonly [problem: RegExp, advice: string])[] = [
  [/ECONNREFUSED/, 'nothing listens there: start the server, or correct host and port'],
  [/ENOTFOUND|EAI_AGAIN/, 'this name has no address: correct host, or mend the name service'],
  [/ACCESS_DENIED/, 'it refuses user or password: correct them, and let the user in from this machine'],
  [/BAD_DB/, 'it has no such database: CREATE DATABASE … CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'],
  [/TIMEOUT|TIMEDOUT/, 'it does not answer in time: look at its load, its disk and the network'],
  [
    /CON_COUNT|TOO_MANY/,
    'it takes no more connections: raise max_connections, or lower database.connectionsPerHost',
  ],
  [
    /HANDSHAKE|CERT|SSL|TLS/,
    'encryption fails: look at its certificate; tlsCaFile of this host names a CA of your own',
  ],
  [/SQLITE_NOTADB|CORRUPT|malformed|not a database/, 'the file is damaged: restore a backup'],
  [/READONLY|CANTOPEN/, 'this user may not open it: run this as the user whom the server runs as'],
]

const adviceFor = (problem: string) =>
  advices.find(([pattern]) => pattern.test(problem))?.[1] ?? "look at this server's own log"

const judgePrimary = (host: HostHealth, others: readonly HostHealth[]): Finding => {
  const subject = `database primary ${host.host}`
  const isServed = others.some(({ problem, isReadOnly }) => problem === '' && isReadOnly !== true)
  const bad = isServed ? warning : broken
  if (host.problem) return bad(subject, host.problem, adviceFor(host.problem))
  if (host.isReadOnly) {
    const advice =
      'it became a replica, or was locked: name the primary in database.write, or SET GLOBAL read_only = OFF'
    return bad(subject, `${host.version}, answers but is read-only`, advice)
  }
  return ok(subject, `${host.version}, answers`)
}

const judgeReplica = (host: HostHealth, budgetMs: number): Finding => {
  const subject = `database replica ${host.host}`
  const { problem, version, lagSeconds } = host
  if (problem === 'replication has stopped') {
    const advice =
      'it answers with old rows: SHOW REPLICA STATUS tells why, START REPLICA starts it; or take it out of database.read'
    return broken(subject, `${version}, ${problem}`, advice)
  }
  if (problem.includes('BAD_DB')) {
    const advice = 'it lacks the database: it does not follow this primary, or leaves this database out'
    return warning(subject, problem, advice)
  }
  if (problem) return warning(subject, problem, `${adviceFor(problem)}; until then others are read`)
  if (lagSeconds === undefined) {
    const advice =
      'GRANT REPLICA MONITOR (MariaDB) or REPLICATION CLIENT (MySQL) to the user, or it follows no primary'
    return warning(subject, `${version}, does not tell its lag`, advice)
  }
  const found = `${version}, ${lagSeconds} s behind`
  if (lagSeconds * 1_000 <= budgetMs) return ok(subject, found)
  return warning(
    subject,
    found,
    `more than database.replicaLagBudgetMs (${budgetMs} ms): look at its load, or raise that`,
  )
}

const judgeFile = ({ host, problem, version }: HostHealth): Finding =>
  problem
    ? broken('database', `${host}, ${problem}`, adviceFor(problem))
    : ok('database', `${host}, SQLite ${version}`)

/** Hosts, and how far their clocks are from ours. */
export const checkHosts = (hosts: readonly HostHealth[], config: DatabaseConfig): Finding[] => {
  if (config.write.length === 0) return hosts.map(judgeFile)
  const primaries = hosts.filter(({ role }) => role === 'write')
  return [
    ...primaries.map((host) =>
      judgePrimary(
        host,
        primaries.filter((other) => other !== host),
      ),
    ),
    ...hosts
      .filter(({ role }) => role === 'read')
      .map((host) => judgeReplica(host, config.replicaLagBudgetMs)),
    ...hosts.flatMap(({ host, clockAheadMs }) =>
      clockAheadMs === undefined ? [] : [judgeClock(`clock of database ${host}`, clockAheadMs)],
    ),
  ]
}

export const checkMigrations = async (config: DatabaseConfig): Promise<Finding> => {
  const steps = await createMigrator({ config }).status()
  const count = (...states: string[]) => steps.filter(({ state }) => states.includes(state)).length
  const [pending, unknown] = [count('pending', 'started'), count('unknown')]
  if (pending > 0 && config.write.length === 0) {
    return warning(
      'migrations',
      `${pending} pending`,
      'the server runs them when it starts; so does "torii migrate up"',
    )
  }
  if (pending > 0) {
    return broken('migrations', `${pending} pending: no server starts`, 'run "torii migrate up"')
  }
  if (unknown > 0) {
    return warning(
      'migrations',
      `${unknown} of a newer version`,
      'start that version again; this one may fail',
    )
  }
  return ok('migrations', `${steps.length}, none pending`)
}
