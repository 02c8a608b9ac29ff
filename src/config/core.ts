/** The settings that belong to no feature; those of a feature are in its `config.ts`. */
import { Type } from '../protocol/schema.ts'
import { databaseHost, flag, listOf, oneOf, secret, section, table, text, texts, whole } from './fields.ts'

export const server = {
  host: text('127.0.0.1', 'Address to listen on'),
  port: whole(8080, 0, 65_535, 'Port to listen on; 0 takes a free one'),
  trial: Type.Unsafe<'auto' | boolean>({
    enum: ['auto', true, false],
    default: 'auto',
    description: 'Trial mode allows plain calls from loopback; auto: on with the embedded database and store',
  }),
  lan: flag(
    false,
    'In a trial: answer plain calls from private addresses too, and listen on all addresses. npm start -- --lan sets it',
  ),
  trustedProxies: texts('CIDR ranges of the proxies whose X-Forwarded-* headers count'),
  origins: texts('Origins whose browsers may call any app, in addition to the origins of each app'),
  legacyPrefix: text('/NyarukoLogin', 'The old endpoints are also served under this prefix', {
    pattern: '^(/[A-Za-z0-9._-]+)*$',
  }),
  tls: section({
    certFile: text('', 'PEM certificate chain; with keyFile the server speaks HTTPS'),
    keyFile: text('', 'PEM private key'),
  }),
  maxConnections: whole(
    10_000,
    1,
    1_000_000,
    'Most open connections; at a bound the ones that have been idle longest are closed',
  ),
  maxConnectionsPerAddress: whole(
    1_000,
    1,
    1_000_000,
    'Most open connections from one address (IPv6: /64) that is not a trusted proxy',
  ),
  maxConnectionsPerNetwork: whole(4_000, 1, 1_000_000, 'Most open connections from one /24 (IPv6: /48)'),
  maxWritesAtOnce: whole(
    16,
    1,
    10_000,
    'Writing operations that run at once; others wait in a queue. Raise it for a distant database',
  ),
  writeWaitMs: whole(300, 10, 60_000, 'A write that would wait longer than this is refused at once'),
  headersTimeoutMs: whole(5_000, 100, 60_000, 'Time for the headers of a request'),
  requestTimeoutMs: whole(10_000, 100, 120_000, 'Time for a whole request'),
  drainTimeoutMs: whole(10_000, 100, 120_000, 'Time for running requests after SIGTERM'),
}

export const security = {
  profile: oneOf(['compat', 'strict', 'legacy'], 'What weaker envelopes may do; see docs/protocol.md'),
  keyFile: text('data/server.key', 'File with the server keys; a trial creates it'),
  serverKey: secret('The server keys themselves (the JSON of the key file), instead of keyFile'),
}

export const transport = {
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
}

export const database = {
  file: text('data/torii.sqlite', 'The embedded database, used while write is empty'),
  write: listOf(databaseHost, 'MySQL or MariaDB primaries'),
  read: listOf(databaseHost, 'Replicas; without any, the write hosts are read'),
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
    "For this long after a caller's write, or a device's change, its rows are read from the primary",
  ),
}

export const tables = { migrations: table('migrations') }

export const store = {
  url: secret('redis:// or rediss:// with user and password; empty: memory of this process'),
  clusterNodes: texts('Redis Cluster: host:port of some nodes; user, password and TLS come from url'),
  tlsCaFile: text('', 'PEM certificate authority of a rediss:// server'),
  keyPrefix: text('torii:', 'Put before every key', { pattern: '^[a-z0-9:_-]{0,32}$' }),
  commandTimeoutMs: whole(150, 10, 60_000, 'Longest wait for one command'),
  memoryMaxKeys: whole(1_000_000, 1_000, 100_000_000, 'Most keys that the store in memory holds'),
}

export const outgoing = {
  privateNetworks: texts(
    'CIDR ranges of private networks where a login provider or a webhook may be; without, only public addresses are called',
  ),
  connectTimeoutMs: whole(
    3_000,
    50,
    60_000,
    'Longest wait for the address of a login provider or a webhook and a connection to it',
  ),
  timeoutMs: whole(8_000, 100, 60_000, 'Longest time of one call to a login provider'),
  atOncePerHost: whole(20, 1, 1_000, 'Calls to one host that run at once; a further one is refused'),
}

export const metrics = {
  enabled: flag(true, 'Serve Prometheus metrics at /metrics on a port of their own'),
  host: text('127.0.0.1', 'Address of the metrics port'),
  port: whole(9464, 0, 65_535, 'The metrics port; 0 takes a free one'),
}

export const log = {
  level: oneOf(['info', 'trace', 'debug', 'warn', 'error', 'fatal', 'silent'], 'Lowest level that is logged'),
}

export const languages = Type.Array(Type.Unsafe<'zh-CN' | 'en'>({ type: 'string', enum: ['zh-CN', 'en'] }), {
  default: ['zh-CN', 'en'],
  minItems: 1,
  description: 'Languages of msg; the first is used when a caller names none of them',
})
