/** What a schema cannot say about the values. */
import { parseNetwork } from '../adapters/network.ts'
import { ConfigError } from './environment.ts'
import type { Config } from './index.ts'

type Rule = {
  /** The path of what does not fit; undefined when all is well. */
  find(config: Config): string | undefined
  expected: string
}

/** `path.2` for the third member of a list that does not fit. */
const findMember = (path: string, list: readonly string[], fits: (text: string) => boolean) => {
  const at = list.findIndex((text) => !fits(text))
  return at < 0 ? undefined : `${path}.${at}`
}

const when = (isWrong: boolean, path: string) => (isWrong ? path : undefined)

const rules: readonly Rule[] = [
  {
    find: ({ transport: { failureStatus } }) =>
      when(failureStatus > 0 && failureStatus < 200, 'transport.failureStatus'),
    expected: '0, or 200 to 499',
  },
  {
    find: ({ server }) =>
      findMember('server.trustedProxies', server.trustedProxies, (text) => parseNetwork(text) !== undefined),
    expected: 'an address or a CIDR range',
  },
  {
    find: ({ server }) =>
      findMember(
        'server.origins',
        server.origins,
        (text) => URL.canParse(text) && new URL(text).origin === text,
      ),
    expected: 'an origin like https://a.example',
  },
  {
    find: ({ server: { tls } }) => when((tls.certFile === '') !== (tls.keyFile === ''), 'server.tls'),
    expected: 'certFile and keyFile, or neither',
  },
  {
    find: ({ database: { read, write } }) => when(read.length > 0 && write.length === 0, 'database.write'),
    expected: 'a host, since database.read has one',
  },
  {
    find: ({ database: { tables } }) => {
      const names = Object.values(tables)
      return when(new Set(names).size < names.length, 'database.tables')
    },
    expected: 'different names',
  },
  {
    find: ({ password: { cost, nextCost } }) => when(nextCost > 0 && nextCost <= cost, 'password.nextCost'),
    expected: 'more than password.cost, or 0',
  },
]

/** Throws ConfigError for the first rule that is broken. */
export const checkMeaning = (config: Config): void => {
  for (const { find, expected } of rules) {
    const path = find(config)
    if (path !== undefined) throw new ConfigError(`${path}: expected ${expected}`)
  }
}
