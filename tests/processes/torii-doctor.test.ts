import { chmodSync, cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import t from 'tap'
import { composeDumpCommand } from '../../tools/console/dump-command.ts'
import { judgeClock } from '../../tools/doctor/clocks.ts'
import { startPrimaryAndReplica, startRedis } from '../../tools/test/harness.ts'
import {
  type Environment,
  embeddedEnvironment,
  openShared,
  spawnServer,
  until,
} from '../harness/test-server.ts'
import { createFolder, createTorii, inTurns, register } from '../tools/torii-process.ts'

t.setTimeout(400_000)

type Check = { state: string; subject: string; found: string; advice?: string }
type Report = {
  code: number | null
  state: string
  checks: Check[]
  find(subject: string): Check | undefined
}

const examine = async (environment: Environment, ...options: string[]): Promise<Report> => {
  const { code, stdout, stderr } = await createTorii(environment)('doctor', '--json', ...options)
  if (stderr) throw new Error(stderr)
  const report = JSON.parse(stdout) as { state: string; checks: Check[] }
  return { code, ...report, find: (subject) => report.checks.find((it) => it.subject.startsWith(subject)) }
}

const faultsOf = ({ checks }: Report) => checks.filter(({ state }) => state !== 'ok')

t.test(
  'a trial before its first start and after it: nothing is broken, and nothing is made by asking',
  async (t) => {
    const folder = join(createFolder(t), 'data')
    const environment = embeddedEnvironment(folder)
    const before = await examine(environment)
    t.notOk(existsSync(folder))
    t.match(before, { code: 0, state: 'warning' })
    t.match(before.find('database'), { state: 'warning', found: /^none at / })
    t.match(before.find('server key'), { state: 'warning', advice: /makes one at its first start/ })

    const server = await spawnServer(environment)
    const during = await examine(environment)
    t.match(during, { code: 0, state: 'warning' })
    t.match(during.find('database'), { state: 'ok', found: /torii\.sqlite, SQLite 3\./ })
    t.match(during.find('server key file'), { state: 'ok', found: /mode 0600/ })
    t.match(
      during.checks.find(({ subject }) => subject === 'server key'),
      { state: 'ok', found: /the database's own/ },
    )
    t.strictSame(
      faultsOf(during).map(({ subject }) => subject),
      ['server.trial', 'database.write', 'store.url', 'security.keyFile', 'server.tls'],
    )
    const { stdout } = await createTorii(environment)('doctor')
    const lines = stdout.trimEnd().split('\n')
    t.equal(lines.pop(), '0 broken, 5 to look at')
    for (const line of lines) t.match(line, /^(ok {5}|warning|broken ) {2}\S/)
    if (!server.app) throw new Error('no demo app')
    await register(server, server.app, 'alice')
    await server.stop()

    const key = join(folder, 'server.key')
    const other = join(folder, 'other.key')
    await createTorii({ ...environment, TORII__SECURITY__KEY_FILE: other })('key', 'create')
    const unreadable = join(folder, 'bad.key')
    writeFileSync(unreadable, '{}', { mode: 0o600 })
    const open = join(folder, 'open.key')
    cpSync(key, open)
    chmodSync(open, 0o644)
    const migrated = join(folder, 'old.sqlite')
    cpSync(join(folder, 'torii.sqlite'), migrated)
    const old = new Database(migrated)
    old.exec("DELETE FROM migrations WHERE name = '0012_settings.1'")
    old.close()
    const damaged = join(folder, 'damaged.sqlite')
    writeFileSync(damaged, 'no database at all'.repeat(100), { mode: 0o644 })
    const cases: readonly (readonly [Environment, subject: string, expected: object])[] = [
      [
        { TORII__SECURITY__KEY_FILE: other },
        'server key',
        {
          state: 'broken',
          found: /is not the key of this database/,
          advice: /restore the key whose fingerprint is [0-9a-f]{32}/,
        },
      ],
      [
        { TORII__SECURITY__KEY_FILE: join(folder, 'none.key') },
        'server key',
        {
          state: 'broken',
          found: /^none at /,
          advice: /restore the key whose fingerprint is [0-9a-f]{32} before/,
        },
      ],
      [{ TORII__SECURITY__KEY_FILE: unreadable }, 'server key', { state: 'broken', found: /saltKey/ }],
      [{ TORII__SECURITY__KEY_FILE: open }, 'server key file', { state: 'warning', advice: /chmod 600 / }],
      [
        { TORII__PASSWORD__COST: '12' },
        'password.cost',
        { state: 'broken', found: 'the database was made with 10', advice: /nextCost/ },
      ],
      [{ TORII__DATABASE__FILE: migrated }, 'migrations', { state: 'warning', found: '1 pending' }],
      [{ TORII__DATABASE__FILE: damaged }, 'database', { state: 'broken', found: /not a database/ }],
      [{ TORII__DATABASE__FILE: damaged }, 'database.file', { state: 'warning', advice: /chmod 600/ }],
      [
        { TORII__SERVER__TRUSTED_PROXIES: '10.0.0.0/8,everybody' },
        'configuration',
        { state: 'broken', found: /server\.trustedProxies\.1/ },
      ],
      [
        { TORII__SERVER__TRUSTED_PROXIES: '0.0.0.0/0' },
        'configuration',
        { state: 'broken', found: /the network of a proxy/ },
      ],
      [{ TORII__SERVER__TRIAL: 'false' }, 'proxies', { state: 'warning', advice: /server\.trustedProxies/ }],
      [
        {
          TORII__SERVER__TLS__CERT_FILE: join(folder, 'c.pem'),
          TORII__SERVER__TLS__KEY_FILE: join(folder, 'k.pem'),
        },
        'certificate',
        { state: 'broken', found: /c\.pem/ },
      ],
      [
        { TORII__STORE__URL: 'redis://:secretword@127.0.0.1:9' },
        'store',
        { state: 'broken', found: /ECONNREFUSED/ },
      ],
      [
        { TORII__STORE__URL: 'http://u:secretword@x' },
        'configuration',
        { state: 'broken', found: /^store\.url/ },
      ],
      [
        { TORII_SERVER__PORT: '1' },
        'TORII_SERVER__PORT',
        { state: 'warning', advice: /TORII__SERVER__PORT/ },
      ],
      [
        { TORII__SERVER__PORT: 'x' },
        'configuration',
        { state: 'broken', found: /^server\.port .*found "x"/ },
      ],
    ]
    const production = await examine(environment, '--production')
    for (const subject of ['database.write', 'store.url', 'server.tls'])
      t.match(production.find(subject), { state: 'broken' }, `${subject} has to change for production`)
    await inTurns(cases, async ([more, subject, expected]) => {
      const report = await examine({ ...environment, ...more })
      const check = report.checks.find((it) => it.subject.split(' 127')[0] === subject)
      t.match(check, expected, subject)
      t.equal(report.code, report.checks.some(({ state }) => state === 'broken') ? 1 : 0)
      t.notMatch(JSON.stringify(report.checks), 'secretword')
    })
  },
)

const { primary: anyPrimary, folder: runFolder = '' } = JSON.parse(process.env.TORII_TEST_SERVERS ?? '{}')

if (anyPrimary !== undefined) {
  t.test(
    'with MariaDB and Redis: all ok in production, and a finding for each thing that fails',
    async (t) => {
      const [{ primary, replica }, redis] = await Promise.all([
        startPrimaryAndReplica({ folder: runFolder }),
        startRedis({ folder: runFolder }),
      ])
      t.teardown(() => Promise.all([primary.stop(), replica.stop(), redis.stop()]))
      const shared = await openShared({}, { primary, replicas: [replica], redis })
      t.teardown(() => shared.close())
      const environment: Environment = {
        ...shared.environment,
        TORII__SERVER__TRIAL: 'false',
        TORII__SERVER__TRUSTED_PROXIES: '10.0.0.0/8',
        TORII__DATABASE__REPLICA_LAG_BUDGET_MS: '2000',
      }
      const unbound = await examine(environment)
      t.match(
        unbound.checks.find(({ subject }) => subject === 'server key'),
        { state: 'ok', found: /takes it at the first start/ },
      )
      await (await spawnServer(environment)).stop()

      const healthy = await examine({ ...environment, NODE_ENV: 'production' })
      t.match(healthy, { code: 0, state: 'ok' })
      t.strictSame(faultsOf(healthy), [])
      t.match(healthy.find('database primary'), { found: /MariaDB.*, answers$/ })
      t.match(healthy.find('database replica'), { found: /MariaDB.*, \d s behind$/ })
      t.match(healthy.find('clock of database'), { found: /^0\.\d\d s (behind|ahead of) this machine's$/ })
      t.match(healthy.find('clock of store'), { found: /^0\.\d\d s / })
      t.match(healthy.find('store 127.0.0.1'), { found: /takes every command$/ })
      t.match((await createTorii(environment)('doctor')).stdout, /\nall ok\n$/)

      const write0 = (more: Record<string, string>) =>
        Object.fromEntries(
          Object.entries(more).map(([key, value]) => [`TORII__DATABASE__WRITE__0__${key}`, value]),
        )
      const cases: readonly (readonly [Environment, subject: string, expected: object, code: number])[] = [
        [
          write0({ PORT: '9' }),
          'database primary',
          { state: 'broken', found: 'ECONNREFUSED', advice: /start the server/ },
          1,
        ],
        [write0({ PASSWORD: 'x' }), 'database primary', { state: 'broken', advice: /user or password/ }, 1],
        [
          write0({ DATABASE: 'torii_none' }),
          'database primary',
          { state: 'broken', advice: /CREATE DATABASE/ },
          1,
        ],
        [
          write0({ PORT: String(replica.port), PASSWORD: replica.password }),
          'database primary',
          { state: 'broken', found: /read-only/ },
          1,
        ],
        [
          { TORII__DATABASE__READ__0__PORT: '9' },
          'database replica',
          { state: 'warning', advice: /others are read/ },
          0,
        ],
        [
          { TORII__STORE__URL: 'redis://127.0.0.1:9' },
          'store',
          { state: 'broken', advice: /start Redis/ },
          1,
        ],
        [
          { TORII__SECURITY__KEY_FILE: join(shared.folder, 'none') },
          'server key',
          { state: 'broken', advice: /restore the key/ },
          1,
        ],
        [
          { TORII__SECURITY__KEY_FILE: 'config/server.key', NODE_ENV: 'production' },
          'security.keyFile',
          { state: 'warning', found: /folder of this version/, advice: /move it/ },
          1,
        ],
        [
          { TORII__WORDS__FOLDER: 'config' },
          'words.folder',
          { state: 'warning', found: /folder of this version/, advice: /move it/ },
          0,
        ],
        [{ TORII__SECURITY__PROFILE: 'legacy' }, 'security.profile', { state: 'warning' }, 0],
      ]
      await inTurns(cases, async ([more, subject, expected, code]) => {
        const report = await examine({ ...environment, ...more })
        t.match(report.find(subject), expected, subject)
        t.equal(report.code, code)
      })

      const applied = 'DELETE FROM migrations'
      await primary.asRoot(
        `${applied.replace('FROM ', `FROM ${shared.database}.`)} WHERE name = '0012_settings.1'`,
      )
      const lacking = await examine(environment)
      t.match(lacking, { code: 1 })
      t.match(lacking.find('migrations'), {
        state: 'broken',
        found: /^1 pending/,
        advice: /torii migrate up/,
      })
      // Its table is there already: the step is found done and recorded.
      await primary.asRoot(`INSERT INTO ${shared.database}.migrations VALUES ('0012_settings.1', 1, NULL)`)
      t.match(await createTorii(environment)('migrate', 'up'), { code: 0, stdout: /^0012_settings\.1\n/ })

      await replica.asRoot('STOP SLAVE SQL_THREAD')
      const stopped = await examine(environment)
      t.match(stopped, { code: 1 })
      t.match(stopped.find('database replica'), {
        state: 'broken',
        found: /replication has stopped/,
        advice: /START REPLICA/,
      })
      await replica.asRoot('STOP SLAVE')
      await replica.asRoot('CHANGE MASTER TO MASTER_DELAY=600')
      await replica.asRoot('START SLAVE')
      await primary.asRoot(`UPDATE ${shared.database}.apps SET name = 'late'`)
      const late = await until(
        'the replica is late',
        async () => {
          const { code, ...report } = await examine(environment)
          const check = report.find('database replica')
          return check?.state === 'warning' && { code, check }
        },
        30_000,
      )
      t.match(late, { code: 0, check: { found: /\d s behind$/, advice: /replicaLagBudgetMs \(2000 ms\)/ } })

      await Promise.all([replica.kill('SIGSTOP'), redis.kill('SIGSTOP')])
      const hung = await examine({ ...environment, TORII__DATABASE__CONNECT_TIMEOUT_MS: '1000' })
      t.match(hung.find('database replica'), { state: 'warning', found: /TIME(D)?OUT/, advice: /in time/ })
      t.match(hung.find('store'), { state: 'broken', found: /not ready within 5 s|no answer/ })
      t.match(hung.find('database primary'), { state: 'ok' })
    },
  )
}

t.test('clocks are compared in both directions', async (t) => {
  t.match(judgeClock('c', -999), { state: 'ok', found: "1.00 s behind this machine's" })
  t.match(judgeClock('c', 1_000), { state: 'warning', found: /^1\.00 s ahead of/, advice: /NTP/ })
  t.match(judgeClock('c', -29_999), { state: 'warning' })
  t.match(judgeClock('c', 30_000), {
    state: 'broken',
    found: /^30 s ahead/,
    advice: /no code of a device fits/,
  })
})

t.test('the dump command is one that a shell reads back, for MySQL as for MariaDB', async (t) => {
  const host = {
    host: 'db.example',
    port: 3306,
    user: "o'neil",
    password: 'pw',
    database: 'a b',
    weight: 1,
    tls: true,
  }
  const config = { write: [host], tables: { apps: 'apps', users: 'people' } } as unknown as Parameters<
    typeof composeDumpCommand
  >[1]
  const primary = { role: 'write', host: 'db.example:3306', problem: '' } as const
  const mysql = composeDumpCommand({ ...primary, version: '8.4.2' }, config, '/tmp/a b.sql')
  t.match(
    mysql,
    /^\(umask 077 && mysqldump --host=db\.example .* --ssl-mode=VERIFY_IDENTITY .*--set-gtid-purged=OFF/,
  )
  t.match(mysql, " '--user=o'\\''neil' --password ")
  t.match(mysql, " 'a b' apps people > '/tmp/a b.sql')")
  t.notMatch(mysql, 'pw ')
  t.match(composeDumpCommand({ ...primary, version: '10.11.6-MariaDB' }, config, '/x'), 'mariadb-dump')
})
