/** What keeps a server from starting: each is one line that says which setting, what is wrong, and what to do. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Database from 'libsql'
import t from 'tap'
import { systemRandom } from '../../src/adapters/random.ts'
import { generateServerKey } from '../../src/adapters/server-key.ts'
import { startMariadb } from '../../tools/test/harness.ts'
import {
  embeddedEnvironment,
  openShared,
  readLine,
  spawnServer,
  testServers,
  until,
} from '../harness/test-server.ts'

t.setTimeout(180_000)
const run = promisify(execFile)
const serverFile = fileURLToPath(import.meta.resolve('#root/dist/src/server.js'))
type Environment = Record<string, string>

const openFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** What a server that does not start prints, without the name in front. */
const startRefusalOf = async (environment: Environment): Promise<string> => {
  const env = { PATH: process.env.PATH ?? '', TORII__METRICS__ENABLED: 'false', ...environment }
  const failed = await run(process.execPath, [serverFile], { env, timeout: 60_000 }).catch((error) => error)
  const { code, stderr } = failed as { code?: number; stderr: string }
  return code === 1 ? stderr.replace(/^torii: /, '').trimEnd() : `exit ${code}: ${stderr}`
}

const keySetting = 'security.keyFile (TORII__SECURITY__KEY_FILE)'
const certSetting = 'server.tls.certFile (TORII__SERVER__TLS__CERT_FILE)'
const tlsKeySetting = 'server.tls.keyFile (TORII__SERVER__TLS__KEY_FILE)'

const createCertificate = async (folder: string, name: string) => {
  const cert = join(folder, `${name}.pem`)
  const key = join(folder, `${name}.key`)
  const subject = ['-subj', `/CN=${name}`]
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-out',
    cert,
    '-keyout',
    key,
    ...subject,
  ])
  return { cert, key }
}

t.test('what only shows at the start', async (t) => {
  const folder = await openFolder()
  const embedded = embeddedEnvironment(folder)
  const running = { ...embedded, TORII__DATABASE__FILE: join(folder, 'running.sqlite') }
  const server = await spawnServer(running)
  t.teardown(() => server.stop())
  const { port } = new URL(server.url)
  const cutKey = join(folder, 'cut.key')
  await writeFile(cutKey, generateServerKey(systemRandom).slice(0, 200))
  const partKey = join(folder, 'part.key')
  await writeFile(partKey, '{"saltKey":"AAAA"}')
  await mkdir(join(folder, 'keys'))
  const [one, other] = [await createCertificate(folder, 'one'), await createCertificate(folder, 'other')]
  const tls = (cert: string, key: string) => ({
    ...embedded,
    TORII__SERVER__TLS__CERT_FILE: cert,
    TORII__SERVER__TLS__KEY_FILE: key,
  })
  const absent = join(folder, 'absent.pem')
  const damaged = join(folder, 'damaged.sqlite')
  await writeFile(damaged, 'this is no database, it is a text of some length. '.repeat(100))
  const rows: [environment: Environment, line: string][] = [
    [
      { ...embedded, TORII__SERVER__PORT: port },
      `server.port (TORII__SERVER__PORT): ${port} is taken on 127.0.0.1; choose another port, or stop the program that has it`,
    ],
    [
      { ...embedded, TORII__SERVER__HOST: '192.0.2.1' },
      'server.host (TORII__SERVER__HOST): "192.0.2.1" is not an address of this machine',
    ],
    [
      { ...embedded, TORII__SERVER__HOST: 'no-such-host.invalid' },
      'server.host (TORII__SERVER__HOST): "no-such-host.invalid" is not a name that this machine knows',
    ],
    [
      { ...embedded, TORII__DATABASE__FILE: damaged },
      `database.file (TORII__DATABASE__FILE): ${damaged}: file is not a database`,
    ],
    [tls(absent, one.key), `${certSetting}: ${absent} does not exist`],
    [tls(folder, one.key), `${certSetting}: ${folder} is a folder; expected a file in PEM`],
    [
      tls(one.key, one.cert),
      `${certSetting}: ${one.key} is a private key; certFile and keyFile may be swapped`,
    ],
    [tls(cutKey, one.key), `${certSetting}: ${cutKey} is no certificate in PEM`],
    [
      tls(one.cert, other.key),
      `${tlsKeySetting}: ${other.key} is not the key of the certificate ${one.cert}`,
    ],
    [tls(one.cert, other.cert), `${tlsKeySetting}: ${other.cert} is no private key in PEM`],
    [
      { ...embedded, TORII__SECURITY__KEY_FILE: cutKey },
      `${keySetting}: ${cutKey}: this is no server key; restore it from its copy`,
    ],
    [
      { ...embedded, TORII__SECURITY__KEY_FILE: partKey },
      `${keySetting}: ${partKey}: saltKey must be 32 bytes in base64`,
    ],
    [
      { ...embedded, TORII__SECURITY__SERVER_KEY: 'x' },
      'security.serverKey (TORII__SECURITY__SERVER_KEY): this is no server key; restore it from its copy',
    ],
    [
      { ...embedded, TORII__SECURITY__KEY_FILE: join(folder, 'keys') },
      `${keySetting}: ${join(folder, 'keys')}: this is a folder; expected the key file`,
    ],
    [
      { ...embedded, TORII__STORE__URL: 'redis://127.0.0.1:1' },
      'store.url (TORII__STORE__URL): no program answers there (not ready within 5 s: connect ECONNREFUSED 127.0.0.1:1)',
    ],
  ]
  for (const [environment, line] of rows) t.equal(await startRefusalOf(environment), line)
  t.equal(
    await startRefusalOf(running),
    `database.file (TORII__DATABASE__FILE): another server runs on ${join(folder, 'running.sqlite')}; stop it, or name another file`,
    'two processes on one file',
  )

  const production = { NODE_ENV: 'production' }
  t.match(await startRefusalOf(production), /^database\.write .*: production needs a database .* --embedded$/)
})

t.test('a database that refuses', async (t) => {
  const folder = await openFolder()
  const { folder: runFolder, redis } = testServers()
  const primary = await startMariadb({ folder: runFolder, serverId: 9 })
  t.teardown(() => primary.stop())
  const keyFile = join(folder, 'server.key')
  await writeFile(keyFile, generateServerKey(systemRandom), { mode: 0o600 })
  await primary.asRoot("CREATE USER amber@'%' IDENTIFIED BY 'Xk3-9d'")
  await primary.asRoot("CREATE USER late@'%' IDENTIFIED BY 'Xk3-9d' PASSWORD EXPIRE")
  await primary.asRoot('CREATE DATABASE torii')
  await primary.asRoot("GRANT ALL ON torii.* TO late@'%'")
  const silent = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  t.teardown(() => silent.close())
  const silentPort = (silent.address() as { port: number }).port
  const database = (members: Record<string, string | number>) => ({
    ...Object.fromEntries(
      Object.entries({ host: primary.host, port: primary.port, database: 'torii', ...members }).map(
        ([key, value]) => [`TORII__DATABASE__WRITE__0__${key.toUpperCase()}`, String(value)],
      ),
    ),
    TORII__STORE__URL: redis.url,
    TORII__SECURITY__KEY_FILE: keyFile,
  })
  const user = 'database.write.0.user and .password (TORII__DATABASE__WRITE__0__USER, …__PASSWORD)'
  const host = 'database.write.0.host and .port (TORII__DATABASE__WRITE__0__HOST, …__PORT)'
  const rows: [members: Record<string, string | number>, line: string][] = [
    [
      { user: 'amber', password: 'other' },
      `${user}: check them, and from which hosts this user may connect (`,
    ],
    [{ user: 'late', password: 'Xk3-9d' }, `${user}: the password has expired; set a new one`],
    [
      { user: 'amber', password: 'Xk3-9d' },
      'database.write.0.database (TORII__DATABASE__WRITE__0__DATABASE): this user has no rights there',
    ],
    [
      { user: primary.user, password: primary.password, database: 'torii_absent' },
      'database.write.0.database (TORII__DATABASE__WRITE__0__DATABASE): it does not exist',
    ],
    [{ port: 1 }, `${host}: no program answers there (`],
    [{ host: 'no-such-host.invalid' }, `${host}: this machine does not know the name (`],
    [{ port: silentPort }, `${host}: is a MySQL or MariaDB listening there? (`],
  ]
  for (const [members, begin] of rows) {
    const line = await startRefusalOf(database(members))
    t.equal(line.slice(0, begin.length), begin)
    t.notMatch(line, /\n/, 'one line')
  }
})

/** The lines that a server warns with, once one of them names the setting. */
const warningOf = async (environment: Environment, setting: string) => {
  const server = await spawnServer(environment)
  const named = () =>
    server.lines.map(readLine).find(({ level, msg }) => level === 40 && msg?.startsWith(setting))
  const { msg } = await until(`a warning names ${setting}`, named).finally(() => server.stop())
  return msg
}

t.test('what a server starts with all the same is named in one line', async (t) => {
  const folder = await openFolder()
  const embedded = embeddedEnvironment(folder)
  await (await spawnServer(embedded)).stop()
  const database = new Database(join(folder, 'torii.sqlite'))
  database.exec("INSERT INTO migrations VALUES ('9999_future.1', 1, 1)")
  database.close()
  t.equal(
    await warningOf(embedded, 'database'),
    'database (TORII__DATABASE__…): a newer version of Torii has migrated it (9999_future.1); run that version, or restore a backup',
  )
  const shared = await openShared()
  t.teardown(() => shared.close())
  t.match(
    await warningOf({ ...shared.environment, TORII__DATABASE__READ__0__PASSWORD: 'other' }, 'database.read'),
    /^database\.read\.0 \(TORII__DATABASE__READ__0__…\): \S+: ER_ACCESS_DENIED_ERROR; other hosts are read/,
  )
})

t.test('a taken port for metrics is one line that names the setting, and the server runs', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as AddressInfo
  const metrics = { TORII__METRICS__ENABLED: 'true', TORII__METRICS__PORT: String(port) }
  const server = await spawnServer({ ...embeddedEnvironment(await openFolder()), ...metrics })
  t.teardown(() => server.stop())
  const warning = server.lines.find((line) => line.includes('metrics are not served')) ?? ''
  t.match(readLine(warning), {
    msg: `metrics.host and .port (TORII__METRICS__HOST, …__PORT): metrics are not served: listen EADDRINUSE: address already in use 127.0.0.1:${port}; choose a free port`,
  })
  t.notMatch(warning, 'stack')
})
