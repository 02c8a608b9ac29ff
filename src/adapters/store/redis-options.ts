import { readFile } from 'node:fs/promises'
import type { ClusterOptions, RedisOptions } from 'ioredis'
import type { StoreConfig } from '../../config/index.ts'

const retryAfterMs = (attempt: number) => Math.min(25 * attempt, 250)

/** Options for one server, or for the nodes of a cluster. */
export async function readRedisOptions(config: StoreConfig) {
  const { host, port, db, user, password, isTls } = readUrl(config.url || 'redis://127.0.0.1')
  const ca = config.tlsCaFile && (await readFile(config.tlsCaFile))
  const connection = {
    username: user,
    password,
    ...(isTls && { tls: ca ? { ca } : {} }),
    disableClientInfo: true,
    connectTimeout: 1_000,
    // Without it a peer that vanished silently is waited for until TCP gives up, a quarter of an hour later.
    socketTimeout: 4 * config.commandTimeoutMs,
    maxLoadingRetryTime: 250,
  } satisfies RedisOptions
  const sending = {
    keyPrefix: config.keyPrefix,
    enableOfflineQueue: false,
  } satisfies RedisOptions & ClusterOptions

  const single = {
    ...connection,
    ...sending,
    host,
    port,
    db,
    retryStrategy: retryAfterMs,
    // What was under way when the connection ended fails at once and is never sent again: a `take` that
    // ran twice would answer that there was nothing.
    maxRetriesPerRequest: 0,
    // After a failover behind one name the old connection leads to what is a replica now.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  } satisfies RedisOptions

  const cluster = {
    ...sending,
    enableAutoPipelining: true,
    redisOptions: connection,
    clusterRetryStrategy: retryAfterMs,
    // As above: never send again what may have run.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    // TLS checks the name that was configured, so it may not be resolved before.
    dnsLookup: (host, done) => done(null, host),
  } satisfies ClusterOptions

  return { single, cluster, nodes: config.clusterNodes.map(readNode) }
}

/** No error may show the URL: it holds the password. */
function readUrl(text: string) {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^rediss?:$/.test(url.protocol) || !/^(\/\d*)?$/.test(url.pathname))
    throw new Error('store.url must look like redis://user:password@host:6379/0, with rediss: for TLS')
  return {
    isTls: url.protocol === 'rediss:',
    host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1)),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  }
}

function readNode(text: string) {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text) ?? []
  if (!host || !port) throw new Error(`store.clusterNodes must be a list of host:port, not ${text}`)
  return { host, port: Number(port) }
}
