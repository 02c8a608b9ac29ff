/** MariaDB with its replica, and Redis, for as long as the run takes. */

import { type Mariadb, type Redis, startPrimaryAndReplica, startRedis } from '../test/harness.ts'
import { installMissing } from '../test/install.ts'

export type Databases = {
  primary: Mariadb
  replica: Mariadb
  redis: Redis
  /** In MariaDB. */
  database: string
  peerDatabase: string
  stop(): Promise<void>
}

export const startDatabases = async (folder: string): Promise<Databases> => {
  installMissing(['mariadb', 'redis'])
  const { primary, replica } = await startPrimaryAndReplica({ folder })
  const redis = await startRedis({ folder })
  const [database, peerDatabase] = ['torii_bench', 'torii_bench_peer']
  for (const name of [database, peerDatabase]) {
    await primary.asRoot(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`)
  }
  return {
    primary,
    replica,
    redis,
    database,
    peerDatabase,
    stop: async () => {
      await Promise.allSettled([primary, replica, redis].map((server) => server.stop()))
    },
  }
}
