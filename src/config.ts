/**
 * The shape of the configuration: type, default, check and documentation in one place.
 * `config/default.json` and `config/schema.json` are generated from it (`npm run generate`).
 */
import type { Static, TSchema } from 'typebox'
import { Type } from './protocol/schema.ts'

const section = <P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false, default: {} })
const text = (value: string, description: string, more: { pattern?: string } = {}) =>
  Type.String({ default: value, description, ...more })
const secret = (description: string) => Type.String({ default: '', description, secret: true })
const flag = (value: boolean, description: string) => Type.Boolean({ default: value, description })
const whole = (value: number, minimum: number, maximum: number, description: string) =>
  Type.Integer({ default: value, minimum, maximum, description })
const list = (description: string) => Type.Array(Type.String(), { default: [], description })
const oneOf = <const T extends readonly string[]>(names: T, description: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: names, default: names[0], description })
const table = (name: string) =>
  Type.String({ default: name, pattern: '^[a-z][a-z0-9_]{0,47}$', description: `Name of the table ${name}` })

/** `[seconds, count]`: at most `count` calls pass in any span of `seconds`. */
const limit = (seconds: number, count: number) =>
  Type.Unsafe<readonly [number, number]>({
    type: 'array',
    items: [
      { type: 'integer', minimum: 1, maximum: 86_400 },
      { type: 'integer', minimum: 1, maximum: 1_000_000 },
    ],
    minItems: 2,
    maxItems: 2,
    default: [seconds, count],
    description: 'Seconds, and the number of calls that pass from one address in any span of that length',
  })

const Host = Type.Object(
  {
    host: text('127.0.0.1', 'Host name or address of the database server'),
    port: whole(3306, 1, 65_535, 'Port of the database server'),
    user: text('torii', 'Database user'),
    password: secret('Password of the database user'),
    database: text('torii', 'Name of the database'),
    weight: whole(1, 1, 100, 'Share of the calls that this host gets beside the others'),
    tls: flag(false, 'Encrypt the connection and verify the certificate'),
  },
  { additionalProperties: false, default: {} },
)

export const ConfigSchema = section({
  server: section({
    host: text('127.0.0.1', 'Address to listen on'),
    port: whole(8080, 0, 65_535, 'Port to listen on; 0 takes a free one'),
    trial: Type.Unsafe<'auto' | boolean>({
      enum: ['auto', true, false],
      default: 'auto',
      description:
        'Trial mode allows plain calls from loopback; auto: on with the embedded database and store',
    }),
    trustedProxies: list('CIDR ranges of the proxies whose X-Forwarded-* headers count'),
    origins: list('Origins that any app may be called from by browsers, beside those of each app'),
    redirects: Type.Array(
      Type.Object(
        {
          from: Type.Array(Type.String({ pattern: '^([A-Za-z]{2}|[0-9a-fA-F.:]+(/[0-9]{1,3})?)$' }), {
            default: [],
            description: 'CIDR ranges, or country codes as clients name them in their hello (CN)',
          }),
          to: text('', 'Base URL of the place where they belong', { pattern: '^https?://[^\\s?#]+$' }),
        },
        { additionalProperties: false, default: {} },
      ),
      {
        default: [],
        description: 'Callers that log in on a shared key are sent elsewhere; that place has the same store',
      },
    ),
    legacyPrefix: text('/NyarukoLogin', 'The old endpoints are served under this prefix too', {
      pattern: '^(/[A-Za-z0-9._-]+)*$',
    }),
    tls: section({
      certFile: text('', 'PEM certificate chain; with keyFile the server speaks HTTPS'),
      keyFile: text('', 'PEM private key'),
    }),
    maxConnections: whole(10_000, 1, 1_000_000, 'Connections at once; more are closed as they come'),
    maxConnectionsPerAddress: whole(
      1_000,
      1,
      1_000_000,
      'Of them from one address (IPv6: /64) that is no trusted proxy',
    ),
    maxChangesAtOnce: whole(
      16,
      1,
      10_000,
      'Changing operations that run at once; others wait in a line. A database that is far away wants more',
    ),
    changeWaitMs: whole(300, 10, 60_000, 'Who would wait longer in that line is told at once to come later'),
    headersTimeoutMs: whole(5_000, 100, 60_000, 'Time for the headers of a request'),
    requestTimeoutMs: whole(10_000, 100, 120_000, 'Time for a whole request'),
    drainTimeoutMs: whole(10_000, 100, 120_000, 'Time for running requests after SIGTERM'),
  }),
  security: section({
    profile: oneOf(['compat', 'strict', 'legacy'], 'What weaker envelopes may do; see docs/protocol.md'),
    keyFile: text('data/server.key', 'File with the server keys; a trial creates it'),
    weakSuites: flag(true, 'Offer twofish128 to clients that ask for it; logins on its keys live for a day'),
    serverKey: secret('The server keys themselves (the JSON of the key file), instead of keyFile'),
  }),
  transport: section({
    totp: flag(true, 'Serve the t/j envelope'),
    alwaysEncrypt: flag(false, 'Refuse the plain envelope everywhere'),
    failureStatus: whole(
      0,
      0,
      499,
      'HTTP status of a refusal before an envelope was opened; 0: 403, in legacy 200',
    ),
    totpCompensation: whole(0, -1_000_000, 1_000_000, 'Number added to the code before it is hashed'),
    maxGetBytes: whole(2_000, 64, 15_000, 'Longest j in a query'),
    maxPostBytes: whole(65_536, 64, 1_000_000, 'Longest j, or JSON, in a body'),
  }),
  database: section({
    file: text('data/torii.sqlite', 'The embedded database, used while write is empty'),
    write: Type.Array(Host, { default: [], description: 'MySQL or MariaDB primaries' }),
    read: Type.Array(Host, { default: [], description: 'Replicas; without any, the write hosts are read' }),
    writeMode: oneOf(['first-alive', 'any'], 'Write to the first host that is alive, or to any by weight'),
    connectionsPerHost: whole(10, 1, 500, 'Connections kept to each host and purpose'),
    queueLimit: whole(200, 0, 100_000, 'Calls that may wait for a connection'),
    waitTimeoutMs: whole(1_000, 1, 60_000, 'Longest wait for a connection'),
    queryTimeoutMs: whole(2_000, 50, 60_000, 'Longest run of one statement'),
    connectTimeoutMs: whole(1_000, 50, 60_000, 'Longest wait for a new connection'),
    hostDownMs: whole(5_000, 50, 600_000, 'Time before a host that failed is tried again'),
    replicaLagBudgetMs: whole(
      2_000,
      0,
      600_000,
      "Time for which a caller's reads follow its own write, and those of a device its change",
    ),
    tables: section({
      apps: table('apps'),
      devices: table('devices'),
      addresses: table('addresses'),
      bans: table('bans'),
      accounts: table('accounts'),
      users: table('users'),
      verifiers: table('verifiers'),
      logins: table('logins'),
      loginFailures: table('login_failures'),
      loginStreaks: table('login_streaks'),
      auditEvents: table('audit_events'),
      changeLog: table('change_log'),
      settings: table('settings'),
      migrations: table('migrations'),
    }),
  }),
  store: section({
    url: secret('redis:// or rediss:// with user and password; empty: memory of this process'),
    clusterNodes: list('Redis Cluster: host:port of some nodes; user, password and TLS come from url'),
    tlsCaFile: text('', 'PEM certificate authority of a rediss:// server'),
    keyPrefix: text('torii:', 'Put before every key', { pattern: '^[a-z0-9:_-]{0,32}$' }),
    commandTimeoutMs: whole(150, 10, 60_000, 'Longest wait for one command'),
    memoryMaxKeys: whole(1_000_000, 1_000, 100_000_000, 'Most keys that the store in memory holds'),
  }),
  limits: section({
    hello: limit(60, 60),
    keyExchange: limit(60, 60),
    serverKeys: limit(60, 60),
    provision: limit(60, 3),
    echo: limit(60, 30),
    prelogin: limit(60, 30),
    register: limit(60, 10),
    login: limit(60, 30),
    session: limit(60, 600),
    exchange: limit(60, 60),
    logout: limit(60, 60),
    other: limit(60, 60),
  }),
  provisioning: section({
    devicesPerApp: whole(1_000_000, 1, 1_000_000_000, 'Most provisioned devices of one app'),
    devicesPerAddress: whole(10_000, 1, 1_000_000_000, 'Most provisioned devices from one address and app'),
    unusedSeconds: whole(86_400, 60, 31_536_000, 'A device that never called is forgotten after this'),
    idleSeconds: whole(7_776_000, 60, 315_360_000, 'A device that stopped calling is forgotten after this'),
  }),
  password: section({
    cost: whole(
      10,
      4,
      15,
      'bcrypt cost of the client hash; fixed once accounts exist, raise nextCost instead',
    ),
    nextCost: whole(0, 0, 15, 'The cost that clients should move to; 0: none'),
    clientSalt: text(
      '',
      'One fixed bcrypt salt for everybody (22 characters), chosen before the first account',
      {
        pattern: '^$|^[./A-Za-z0-9]{21}[.Oeu]$',
      },
    ),
    workers: whole(1, 1, 64, 'Threads that run bcrypt for clients that can not'),
    queueLimit: whole(50, 1, 10_000, 'Passwords that may wait for such a thread'),
    maxWaitMs: whole(600, 50, 60_000, 'A password that would not be hashed within this is refused at once'),
  }),
  tickets: section({
    a2Seconds: whole(2_592_000, 60, 31_536_000, 'Life of an A2 from the login'),
    skeySeconds: whole(172_800, 60, 2_592_000, 'Longest life of an SKey'),
    skeyIdleSeconds: whole(3_000, 10, 2_592_000, 'An SKey that is not used for this long ends'),
    retrySeconds: whole(10, 1, 600, 'For this long the previous A2 is a retry'),
  }),
  metrics: section({
    enabled: flag(true, 'Serve Prometheus metrics at /metrics on a port of their own'),
    host: text('127.0.0.1', 'Address of that port'),
    port: whole(9464, 0, 65_535, 'That port; 0 takes a free one'),
  }),
  log: section({
    level: oneOf(
      ['info', 'trace', 'debug', 'warn', 'error', 'fatal', 'silent'],
      'Least level that is logged',
    ),
  }),
  languages: Type.Array(Type.Unsafe<'zh-CN' | 'en'>({ type: 'string', enum: ['zh-CN', 'en'] }), {
    default: ['zh-CN', 'en'],
    minItems: 1,
    description: 'Languages of msg; the first is used when a caller names none of them',
  }),
})

export type Config = Static<typeof ConfigSchema>
export type DatabaseConfig = Config['database']
export type DatabaseHost = DatabaseConfig['write'][number]
export type StoreConfig = Config['store']

/** The embedded engines: the SQLite file, and the store in this process. */
export const isEmbedded = (config: Config) =>
  config.database.write.length === 0 && config.store.url === '' && config.store.clusterNodes.length === 0

export const isTrial = (config: Config) =>
  config.server.trial === 'auto' ? isEmbedded(config) : config.server.trial
