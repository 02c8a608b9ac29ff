/** A database whose certificate comes from an authority of its own, and which asks for a client certificate. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import t from 'tap'
import { openDb } from '../../../src/adapters/db/open.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { startMariadb } from '../../../tools/test/harness.ts'
import { ask, createEmpty, randomName, servers, toHost } from './databases.ts'

const { folder = '' } = servers
const files = mkdtempSync(join(folder, 'tls-'))
const inFiles = (name: string) => join(files, name)
const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: files, stdio: 'pipe' })

const issue = (name: string, subject: string) => {
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    `/CN=${subject}`,
    '-keyout',
    `${name}.key`,
    '-out',
    'csr',
  )
  writeFileSync(inFiles('ext'), 'subjectAltName=DNS:localhost')
  openssl(
    ...['x509', '-req', '-in', 'csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', '2', '-extfile', 'ext', '-out', `${name}.pem`],
  )
}

t.test('an authority and a client certificate for each host', async (t) => {
  openssl(
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=own authority'],
    ...['-keyout', 'ca.key', '-out', 'ca.pem'],
  )
  issue('server', 'localhost')
  issue('client', 'torii')
  const args = ['ca=ca.pem', 'cert=server.pem', 'key=server.key'].map((option) => {
    const [name, file = ''] = option.split('=')
    return `--ssl-${name}=${inFiles(file)}`
  })
  const server = await startMariadb({ folder, serverId: 35, args })
  t.teardown(() => server.stop())
  const database = randomName()
  await ask(server, `CREATE DATABASE ${database}`)
  await server.asRoot(`CREATE USER certified@'%' IDENTIFIED BY 'pw' REQUIRE X509`)
  await server.asRoot(`GRANT ALL ON ${database}.* TO certified@'%'`)
  const plain = toHost({ ...server, host: 'localhost', user: 'certified', password: 'pw' }, database)
  const empty = await createEmpty(t, 'sqlite')
  const connect = async (more: Partial<typeof plain>) => {
    const db = await openDb({ config: { ...empty, write: [{ ...plain, tls: true, ...more }] } })
    const asked = sql<{ value: string }>`show status like 'Ssl_cipher'`.execute(db.write)
    return asked.finally(() => db.close()).then(({ rows }) => JSON.stringify(rows))
  }
  const ca = { tlsCaFile: inFiles('ca.pem') }
  const client = { tlsCertFile: inFiles('client.pem'), tlsKeyFile: inFiles('client.key') }
  t.match(await connect({ ...ca, ...client }), /TLS_|AES/)
  const away = { name: 'Failure', entry: { name: 'DATABASE_UNREACHABLE' } }
  await t.rejects(connect(client), away, 'an unknown authority')
  await t.rejects(connect(ca), away, 'without the client certificate')
  await t.rejects(connect({ ...ca, tlsCertFile: '/no/such', tlsKeyFile: '/no/such' }), {
    name: 'StartError',
    message: /tlsCertFile of localhost/,
  })
})

t.test('half of a client certificate, and files without tls, are refused', async (t) => {
  const first = 'TORII__DATABASE__WRITE__0__'
  for (const environment of [
    { [`${first}TLS`]: 'true', [`${first}TLS_CERT_FILE`]: 'a.pem' },
    { [`${first}TLS_CA_FILE`]: 'a.pem' },
  ])
    t.throws(() => loadConfig(environment), { name: 'ConfigError', message: /^database\.write\.0/ })
  const environment = { [`${first}TLS`]: 'true', [`${first}TLS_CA_FILE`]: 'a.pem' }
  t.match(loadConfig(environment).database.write[0]?.tlsCaFile, /^\/.*\/a\.pem$/, 'below the project')
})
