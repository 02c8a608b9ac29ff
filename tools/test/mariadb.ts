import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { getProgram } from './programs.ts'
import { isReady, type Server, startServer } from './server-process.ts'

export type Mariadb = Server & {
  /** May do everything in databases whose name begins with `torii_`, and ask for the state of replication. */
  user: string
  password: string
  /** Runs one statement as root, also on a read-only server. Returns its rows. */
  asRoot(sql: string): Promise<Record<string, unknown>[]>
}

export type MariadbOptions = {
  /** The folder of this run. The server gets a new folder in it. */
  folder: string
  serverId: number
  readOnly?: boolean
  port?: number
  /** More options for mariadbd, such as `--max-connections=5`. */
  args?: readonly string[]
}

/** Nothing waits for the disk. What was written survives a killed process, but not a machine that loses power. */
export const withoutSync: readonly string[] = [
  '--innodb-flush-log-at-trx-commit=2',
  '--innodb-flush-method=nosync',
  '--sync-binlog=0',
  '--debug-no-sync',
]

const asMe = () => (process.getuid?.() === 0 ? ['--user=root'] : [])
const smallLog = '--innodb-log-file-size=16M'

export async function startMariadb(options: MariadbOptions): Promise<Mariadb> {
  const { folder: runFolder, serverId, readOnly = false, port, args = [] } = options
  const template = await createTemplate(runFolder)
  const folder = await mkdtemp(join(runFolder, `mariadb-${serverId}-`))
  const data = join(folder, 'data')
  const socketPath = join(folder, 's.sock')
  const password = randomBytes(12).toString('hex')
  await cp(template, data, { recursive: true })
  await writeFile(join(folder, 'users.sql'), usersSql(password))

  const connectAsRoot = () => createConnection({ socketPath, user: 'root', password })
  const server = await startServer({
    folder,
    port,
    command: getProgram('mariadbd'),
    arguments: (port) => [
      '--no-defaults',
      ...asMe(),
      `--datadir=${data}`,
      // A server that starts deletes the temporary tables that it finds there, of any process.
      `--tmpdir=${folder}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${socketPath}`,
      `--pid-file=${join(folder, 'pid')}`,
      `--init-file=${join(folder, 'users.sql')}`,
      `--server-id=${serverId}`,
      '--log-bin=bin',
      '--binlog-format=ROW',
      '--gtid-strict-mode=ON',
      `--relay-log=relay`,
      `--read-only=${readOnly ? 'ON' : 'OFF'}`,
      '--skip-name-resolve',
      '--max-connections=500',
      '--performance-schema=OFF',
      '--innodb-buffer-pool-size=64M',
      smallLog,
      '--innodb-flush-log-at-trx-commit=1',
      '--sync-binlog=1',
      '--character-set-server=utf8mb4',
      '--collation-server=utf8mb4_bin',
      '--default-time-zone=+00:00',
      ...args,
    ],
    // The password is this server's alone, so another server on the port can't answer in its place.
    ask: async (port) => {
      const connection = await createConnection({ host: '127.0.0.1', port, user: 'torii', password })
      await connection.query('SELECT 1').finally(() => connection.end())
    },
  })

  return Object.assign(server, {
    user: 'torii',
    password,
    async asRoot(sql: string) {
      const connection = await connectAsRoot()
      try {
        const [rows] = await connection.query(sql)
        return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
      } finally {
        await connection.end()
      }
    },
  })
}

/** A replica that follows `primary` by GTID from the beginning of its binary log. */
export async function startReplica(options: MariadbOptions & { primary: Mariadb }): Promise<Mariadb> {
  const replica = await startMariadb({ ...options, readOnly: true })
  try {
    await follow(options.primary, replica)
    return replica
  } catch (error) {
    await replica.stop()
    throw error
  }
}

/** A primary and a replica that follows it by GTID and has caught up. */
export async function startPrimaryAndReplica(options: Pick<MariadbOptions, 'folder' | 'args'>) {
  const { folder, args = [] } = options
  await createTemplate(folder)
  const started = await Promise.allSettled([
    startMariadb({ folder, serverId: 1, args }),
    startMariadb({ folder, serverId: 2, readOnly: true, args }),
  ])
  const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason
    const [primary, replica] = servers
    if (primary === undefined || replica === undefined) throw new Error('a server is missing')
    await follow(primary, replica)
    return { primary, replica }
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()))
    throw error
  }
}

async function follow(primary: Mariadb, replica: Mariadb): Promise<void> {
  await replica.asRoot(
    `CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=${primary.port}, MASTER_USER='replication',
      MASTER_PASSWORD='${primary.password}', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1`,
  )
  await replica.asRoot('START SLAVE')
  await isReady(async () => {
    const [state] = await replica.asRoot('SHOW REPLICA STATUS')
    const running = state?.Slave_IO_Running === 'Yes' && state.Slave_SQL_Running === 'Yes'
    if (!running)
      throw new Error(`the replica does not follow: ${state?.Last_IO_Error} ${state?.Last_SQL_Error}`)
  })
}

/** Waits until the replica has everything that the primary has written so far. */
export async function waitForReplica(primary: Mariadb, replica: Mariadb, seconds = 10): Promise<void> {
  const [position] = await primary.asRoot('SELECT @@gtid_binlog_pos AS gtid')
  const [waited] = await replica.asRoot(`SELECT MASTER_GTID_WAIT('${position?.gtid}', ${seconds}) AS late`)
  if (waited?.late !== 0) throw new Error(`the replica is more than ${seconds} s late`)
}

// Run at each start, before the port is open. Kept out of the binary log: the replica has its own users.
const usersSql = (password: string) => `SET SESSION sql_log_bin = 0;
ALTER USER root@localhost IDENTIFIED BY '${password}';
DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost';
FLUSH PRIVILEGES;
CREATE OR REPLACE USER torii@'%' IDENTIFIED BY '${password}';
GRANT ALL ON \`torii\\_%\`.* TO torii@'%';
GRANT REPLICA MONITOR, BINLOG MONITOR ON *.* TO torii@'%';
CREATE OR REPLACE USER replication@'%' IDENTIFIED BY '${password}';
GRANT REPLICATION REPLICA ON *.* TO replication@'%';
`

/** Installing takes half a second and copying nothing: once a run, by the first process that needs it. */
async function createTemplate(runFolder: string): Promise<string> {
  const template = join(runFolder, 'mariadb-template')
  const isThere = async () => (await stat(template).catch(() => undefined)) !== undefined
  if (await isThere()) return template
  await mkdir(runFolder, { recursive: true })
  const fresh = await mkdtemp(join(runFolder, 'mariadb-fresh-'))
  await promisify(execFile)(getProgram('mariadb-install-db', 'mysql_install_db'), [
    '--no-defaults',
    ...asMe(),
    `--datadir=${fresh}`,
    // A server that starts removes the temporary tables of this folder: those of another run in /tmp, too.
    `--tmpdir=${runFolder}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    smallLog,
  ])
  try {
    await rename(fresh, template)
  } catch (error) {
    await rm(fresh, { recursive: true })
    if (!(await isThere())) throw error
  }
  return template
}
