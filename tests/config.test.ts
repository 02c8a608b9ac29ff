/** The configuration: where each value comes from, and what refuses to start. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { Type as TypeBox } from 'typebox'
import { limit, sectionOf } from '../src/config/fields.ts'
import { type Config, ConfigSchema } from '../src/config/index.ts'
import { ConfigError, loadConfig, maskConfig } from '../src/config/load.ts'
import { Type } from '../src/protocol/schema.ts'
import { findStaleFiles } from '../tools/generate.ts'

type Environment = Record<string, string>
const root = fileURLToPath(new URL('./', import.meta.resolve('#root/package.json')))
const serverFile = join(root, 'dist/src/server.js')

/** What refuses this environment says, or undefined. */
const refusalOf = (environment: Environment): string | undefined => {
  try {
    loadConfig(environment)
    return undefined
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
  }
}

t.test('generated files are fresh', async (t) => {
  t.same(findStaleFiles(), [], 'else: npm run generate')
})

t.test('the builders of shapes make what those of TypeBox make', async (t) => {
  const build = (
    Type: Pick<typeof TypeBox, 'Object' | 'String' | 'Integer' | 'Boolean' | 'Array' | 'Optional' | 'Unsafe'>,
  ) => {
    const shared = Type.Optional(Type.String({ maxLength: 3, description: 'shared' }))
    return Type.Object(
      {
        shared,
        list: Type.Array(Type.Object({ shared, number: Type.Integer({ minimum: 1 }) }), { default: [] }),
        flag: Type.Optional(Type.Boolean({ default: true })),
        either: Type.Unsafe<string | number>({ type: ['string', 'integer'] }),
        open: Type.Object({}, { additionalProperties: true }),
        inner: Type.Optional(Type.Object({ shared })),
      },
      { additionalProperties: false, default: {} },
    )
  }
  t.equal(JSON.stringify(build(Type)), JSON.stringify(build(TypeBox)))
})

t.test('a setting that two features declare is refused before anything starts', async (t) => {
  const [codes, backends] = [{ verify: limit(60, 30) }, { verify: limit(10, 10_000) }]
  t.throws(() => sectionOf(codes, backends), { message: 'two features declare the setting verify' })
  t.same(Object.keys(sectionOf(codes, { other: limit(60, 60) }).properties), ['verify', 'other'])
  const source = readFileSync(join(root, 'src/config/index.ts'), 'utf8')
  t.notMatch(source, '...', 'slices are put together by sectionOf alone')
})

t.test('without anything, the defaults of config/default.json hold', async (t) => {
  const config = loadConfig({ TORII__SERVER__TRIAL: 'false' })
  const kept = JSON.parse(readFileSync(join(root, 'config/default.json'), 'utf8')) as Config
  const paths = {
    server: { ...kept.server, trial: false },
    database: { ...kept.database, file: join(root, 'data/torii.sqlite') },
    security: { ...kept.security, keyFile: join(root, 'data/server.key') },
    words: {
      ...kept.words,
      folder: join(root, 'data/words'),
      database: { ...kept.words.database, sqliteFile: join(root, 'data/words.sqlite') },
    },
    mail: { ...kept.mail, templates: join(root, 'config/mail') },
    sms: { ...kept.sms, templates: join(root, 'config/sms') },
    providers: config.providers,
  }
  t.same(config, { ...kept, ...paths }, 'files are below the project')
  t.same(
    Object.keys(config.providers),
    Object.keys(JSON.parse(readFileSync(join(root, 'config/providers.json'), 'utf8'))),
    'the rows that are shipped',
  )
  t.match(config, {
    server: { headersTimeoutMs: 5_000, requestTimeoutMs: 10_000, drainTimeoutMs: 10_000, trial: false },
    security: { profile: 'compat' },
    transport: { maxGetBytes: 2_000, maxPostBytes: 65_536, totpCompensation: 0 },
    limits: { provision: [60, 3], echo: [60, 30], verify: [60, 30], ticketVerify: [10, 10_000] },
    tickets: { a2Seconds: 30 * 86_400, skeySeconds: 48 * 3_600, skeyIdleSeconds: 3_000, retrySeconds: 10 },
    password: { cost: 10 },
    store: { commandTimeoutMs: 150 },
  })
})

t.test(
  'a trial has limits for test suites and the language of its terminal, unless they are given',
  async (t) => {
    const trial = loadConfig({ LANG: 'de_DE.UTF-8' })
    t.match(trial, {
      limits: { provision: [60, 300], register: [60, 300], login: [60, 300], session: [60, 600] },
      password: { maxWaitMs: 10_000 },
      captcha: {
        demand: [
          { purpose: 'register', count: 300 },
          { purpose: 'login', count: 3 },
        ],
      },
      languages: ['en', 'zh-CN'],
    })
    t.same(loadConfig({ LANG: 'zh_TW.UTF-8' }).languages, ['zh-CN', 'en'])
    const given = loadConfig({ LANG: 'de', TORII__LIMITS__LOGIN: '60,30', TORII__LANGUAGES: 'zh-CN' })
    t.match(given, { limits: { login: [60, 30], register: [60, 300] }, languages: ['zh-CN'] })
    t.same(loadConfig({ NODE_ENV: 'production' }).limits.login, [60, 30], 'never in production')
  },
)

t.test('is frozen, all the way down', async (t) => {
  const config = loadConfig({ TORII__DATABASE__WRITE__0__HOST: 'a' })
  const visit = (value: unknown, path: string) => {
    if (typeof value !== 'object' || value === null) return
    if (!Object.isFrozen(value)) t.fail(`${path} is not frozen`)
    for (const [key, member] of Object.entries(value)) visit(member, `${path}.${key}`)
  }
  visit(config, 'config')
  t.throws(() => Object.assign(config.server, { port: 1 }), TypeError)
  t.equal(loadConfig({}).database.write.length, 0, 'and the next one starts anew')
})

t.test('a file, then the environment, then files of secrets', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const file = await write(
    'torii.json',
    JSON.stringify({
      server: { port: 1_111, host: '0.0.0.0' },
      database: { write: [{ host: 'db-1', password: 'from the file' }, { host: 'db-2' }] },
      languages: ['en'],
    }),
  )
  const config = loadConfig({
    TORII_CONFIG: file,
    TORII__SERVER__PORT: '2222',
    TORII__SERVER__TRIAL: 'false',
    TORII__SERVER__TRUSTED_PROXIES: '10.0.0.0/8, ::1/128',
    TORII__TRANSPORT__ALWAYS_ENCRYPT: 'true',
    TORII__TRANSPORT__TOTP_COMPENSATION: '-5',
    TORII__LIMITS__ECHO: '[10, 20]',
    TORII__LIMITS__LOGIN: '30,40',
    TORII__LIMITS__SESSION__1: '7',
    TORII__DATABASE__WRITE__0__PASSWORD__FILE: await write('secret', 'of a file: ä \n'),
    TORII__DATABASE__WRITE__1__WEIGHT: '3',
    TORII__DATABASE__WRITE__2__HOST: 'db-3',
    TORII__DATABASE__READ: '[{"host":"r-1","tls":true}]',
    TORII__DATABASE__TABLES__LOGIN_FAILURES: 'my_failures',
    TORII__STORE__URL__FILE: await write('url', 'redis://user:p@redis:6379'),
    TORII__STORE__CLUSTER_NODES: 'a:1,b:2',
    OTHER: 'x',
    TORII: 'x',
    TORII_OTHER: 'x',
  })
  t.match(config, {
    server: { port: 2_222, host: '0.0.0.0', trial: false, trustedProxies: ['10.0.0.0/8', '::1/128'] },
    transport: { alwaysEncrypt: true, totpCompensation: -5 },
    limits: { echo: [10, 20], login: [30, 40], session: [60, 7], provision: [60, 3] },
    database: {
      write: [
        { host: 'db-1', password: 'of a file: ä ', port: 3306, weight: 1 },
        { host: 'db-2', weight: 3 },
        { host: 'db-3', database: 'torii' },
      ],
      read: [{ host: 'r-1', tls: true, user: 'torii' }],
      tables: { loginFailures: 'my_failures', logins: 'logins' },
    },
    store: { url: 'redis://user:p@redis:6379', clusterNodes: ['a:1', 'b:2'] },
    languages: ['en'],
  })
  t.same(
    loadConfig({ TORII_CONFIG: await write('empty.json', '{}') }),
    loadConfig({}),
    'what a file leaves out is as ever',
  )
})

t.test('every key can come from the environment', async (t) => {
  type Node = { properties?: Record<string, Node>; items?: Node | Node[]; default?: unknown; type?: string }
  const nameOf = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
  let count = 0
  const visit = (node: Node, words: string[]) => {
    for (const [key, member] of Object.entries(node.properties ?? {})) {
      const path = [...words, nameOf(key)]
      if (member.properties) visit(member, path)
      else {
        const text = typeof member.default === 'string' ? member.default : JSON.stringify(member.default)
        t.equal(refusalOf({ [`TORII__${path.join('__')}`]: text }), undefined, path.join('__'))
        count++
      }
    }
  }
  visit(ConfigSchema as unknown as Node, [])
  t.ok(count > 60)
})

t.test('sample secrets and a trial are refused in production', async (t) => {
  const production = { NODE_ENV: 'production' }
  const samples = [
    'changeme',
    'change-me-now',
    'ChangeMe',
    'secret',
    'password',
    'example',
    'sample-secret',
    'xxxx',
    '123456',
    'torii',
  ]
  for (const sample of samples) {
    const places: [name: string, value: string, path: string][] = [
      ['TORII__DATABASE__WRITE__0__PASSWORD', sample, 'database.write.0.password'],
      ['TORII__SECURITY__SERVER_KEY', sample, 'security.serverKey'],
      ['TORII__STORE__URL', `redis://user:${sample}@redis`, 'store.url'],
    ]
    for (const [name, value, path] of places) {
      t.match(
        refusalOf({ ...production, [name]: value }),
        new RegExp(`^${path} .*: a sample value`),
        `${path}: ${sample}`,
      )
      t.equal(refusalOf({ [name]: value }), undefined, 'elsewhere it is taken')
    }
  }
  t.equal(refusalOf({ ...production, TORII__DATABASE__WRITE__0__PASSWORD: 'Xk3-password-9d' }), undefined)
  t.match(refusalOf({ ...production, TORII__SERVER__TRIAL: 'true' }), /^server\.trial .*: expected false/)
  t.equal(loadConfig(production).server.trial, false)
})

t.test(
  '--help lists the options of a start, and another word is refused before anything starts',
  async (t) => {
    const run = promisify(execFile)
    const options = { env: { PATH: process.env.PATH ?? '' }, timeout: 60_000 }
    const { stdout } = await run(process.execPath, [serverFile, '--help'], options)
    for (const option of ['--lan', '--embedded', '--print-config', 'TORII__SERVER__PORT'])
      t.match(stdout, option)
    const refused = await run(process.execPath, [serverFile, '--port', '8081'], options).catch(
      (error) => error,
    )
    t.match(refused, { code: 1, stderr: /^torii: --port: no such option; .*TORII__SERVER__PORT=8081/ })
  },
)

t.test('--print-config shows the result and masks secrets', async (t) => {
  const environment = {
    TORII__SERVER__PORT: '4321',
    TORII__DATABASE__WRITE__0__PASSWORD: 'hidden-1',
    TORII__DATABASE__WRITE__1__HOST: 'db-2',
    TORII__STORE__URL: 'rediss://user:hidden-2@redis:6380',
    TORII__SECURITY__SERVER_KEY: 'hidden-3',
  }
  const run = promisify(execFile)
  const options = { env: { PATH: process.env.PATH ?? '', ...environment } }
  const { stdout, stderr } = await run(process.execPath, [serverFile, '--print-config'], options)
  t.equal(stderr, '')
  const shown = JSON.parse(stdout)
  t.same(shown, JSON.parse(JSON.stringify(maskConfig(loadConfig(environment)))))
  t.match(shown, {
    server: { port: 4_321 },
    database: { write: [{ password: '********' }, { host: 'db-2', password: '' }] },
    store: { url: '********' },
    security: { serverKey: '********' },
  })
  t.notMatch(stdout, /hidden/)

  const wrong = { env: { ...options.env, TORII__SERVER__PORT: 'abc' } }
  const failed = (await run(process.execPath, [serverFile], wrong).catch((error) => error)) as {
    code: number
    stdout: string
    stderr: string
  }
  t.match(failed, { code: 1, stdout: '', stderr: /^torii: server\.port .*\n$/ }, 'one line, no stack')
})
