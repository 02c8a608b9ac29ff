// Better Auth behind its Node handler: accounts in MariaDB, sessions and limits in Redis.
// Settings come as JSON: { port, origin, secret, redis, mysql: { host, port, user, password, database }, limit }
// `better-auth.mjs migrate` makes its tables and ends.
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { Redis } from 'ioredis'
import { createPool } from 'mysql2/promise'

const settings = JSON.parse(process.env.BENCH_PEER)
const redis = new Redis(settings.redis, { enableAutoPipelining: true, keyPrefix: 'peer:' })
// As its contract demands: the life is set only when the counter is new.
redis.defineCommand('count', {
  numberOfKeys: 1,
  lua: `local count = redis.call('INCR', KEYS[1])
    if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
    return count`,
})

const options = {
  baseURL: settings.origin,
  secret: settings.secret,
  trustedOrigins: [settings.origin],
  telemetry: { enabled: false },
  database: createPool({ ...settings.mysql, connectionLimit: 10, timezone: 'Z' }),
  emailAndPassword: { enabled: true },
  secondaryStorage: {
    get: (key) => redis.get(key),
    getAndDelete: (key) => redis.getdel(key),
    increment: (key, ttl) => redis.count(key, ttl),
    set: (key, value, ttl) => (ttl ? redis.set(key, value, 'EX', ttl) : redis.set(key, value)),
    delete: async (key) => {
      await redis.del(key)
    },
  },
  rateLimit: {
    enabled: true,
    storage: 'secondary-storage',
    ...settings.limit,
    customRules: { '/sign-in/*': settings.limit, '/sign-up/*': settings.limit },
  },
}

if (process.argv[2] === 'migrate') {
  const { runMigrations } = await getMigrations(options)
  await runMigrations()
  process.exit(0)
}
createServer(toNodeHandler(betterAuth(options))).listen(settings.port, '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
