/** One key with a JSON array of texts for each list, and a stamp that rises with every change. */
import { Cluster, Redis } from 'ioredis'
import type { StoreConfig } from '../../config/index.ts'
import { readRedisOptions } from '../store/redis-options.ts'
import type { TextListSource } from './index.ts'
import { readTextArray } from './read-array.ts'

const commandTimeoutMs = 3_000

/**
 * `key` holds the first list; the others are at `{key}:name`, which is the same slot of a cluster. A list that another
 * program wrote without raising the stamp is noticed by its length, else by `torii word reload`.
 */
export const openRedisLists = async (
  config: StoreConfig,
  key: string,
  first: string,
): Promise<TextListSource> => {
  const { single, cluster, nodes } = await readRedisOptions({ ...config, keyPrefix: '', commandTimeoutMs })
  const client =
    nodes.length > 0
      ? new Cluster(nodes, { ...cluster, lazyConnect: true })
      : new Redis({ ...single, commandTimeout: commandTimeoutMs, lazyConnect: true })
  // Every command tells what is wrong; without a listener the client prints it too.
  client.on('error', () => {})
  await client.connect().catch((error) => {
    client.disconnect()
    throw error
  })
  const names = new Set<string>([first])
  const keyOf = (name: string) => (name === first ? key : `{${key}}:${name}`)
  const stampKey = `{${key}}:version`

  const readAll = async (commands: [string, string][]) => {
    const replies = (await client.pipeline(commands).exec()) ?? []
    return replies.map(([error, value], at) => {
      if (error) throw new Error(`${commands[at]?.[1]}: ${error.message}`)
      return value
    })
  }
  const version = async () =>
    (
      await readAll([
        ['get', stampKey],
        ...[...names].map((name): [string, string] => ['strlen', keyOf(name)]),
      ])
    ).join(' ')

  return {
    place: `the key ${key} in Redis`,
    version,
    load: async (wanted) => {
      for (const name of wanted) names.add(name)
      const values = await client.multi(wanted.map((name) => ['get', keyOf(name)])).exec()
      return Object.fromEntries(
        wanted.map((name, at) => {
          const [error, value] = values?.[at] ?? [new Error('no answer'), null]
          if (error) throw new Error(`${keyOf(name)}: ${error.message}`)
          return [name, typeof value === 'string' ? readNamed(keyOf(name), value) : undefined]
        }),
      )
    },
    replace: async (name, texts) => {
      const replies = await client.multi().set(keyOf(name), JSON.stringify(texts)).incr(stampKey).exec()
      const failed = replies?.find(([error]) => error)?.[0]
      if (failed) throw failed
    },
    close: async () => client.disconnect(),
  }
}

const readNamed = (key: string, text: string) => {
  try {
    return readTextArray(text)
  } catch (error) {
    throw new Error(`${key} ${(error as Error).message}`, { cause: error })
  }
}
