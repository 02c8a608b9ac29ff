/**
 * Real servers for tests, on loopback, in a folder that the caller made (and removes after `stop`):
 *
 *     const folder = await mkdtemp(join(tmpdir(), 'torii-'))
 *     const { primary, replica } = await startPrimaryAndReplica({ folder })
 *     await replica.kill('SIGSTOP')
 *     await Promise.all([primary.stop(), replica.stop()])
 *
 * In `npm test` give it the `folder` of TORII_TEST_SERVERS: the data template is there already.
 * A server dies with the process that started it, however that ended.
 */
export {
  type Mariadb,
  type MariadbOptions,
  startMariadb,
  startPrimaryAndReplica,
  startReplica,
  waitForReplica,
  withoutSync,
} from './mariadb.ts'
export { type Redis, type RedisOptions, startRedis } from './redis.ts'
export { findFreePort, isReady, type Server } from './server-process.ts'
