/** The words behind `npm run bench --`. */
import { parseArgs } from 'node:util'
import { isRow, rowNames } from './rows.ts'
import { mostRelations } from './seed/tables.ts'

export type Options = {
  /** Rows by name, such as `session`, or by name and engine, `session/redis`. Empty: all. */
  rows: readonly string[]
  seconds: number
  rounds: number
  connections: number
  /** Users, each with a session; on up to 64 devices. */
  users: number
  /** Where the figures go as JSON. */
  json: string
  /** Measures few users beside many, instead of the rows above. */
  seed: { users: number; relations: number; poolMb: number } | undefined
}

export const usage = `npm run bench -- [ROW…] [--seconds N] [--rounds N] [--connections N] [--users N]
                 [--json FILE]
npm run bench -- --seed-large [--seed-users N] [--seed-relations N] [--seed-pool MB] [--seconds N] …

ROW is a name, or a name with its engine (session/redis):
  ${rowNames.join('  ')}
`

/** What can't be done with these words; the message is for the one who typed them. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const parseOptions = (words: readonly string[], defaultJson: string): Options => {
  const { values, positionals } = parse(words)
  const number: ReadNumber = (name, least, most) => {
    const value = Number(values[name])
    if (!(value >= least && value <= most)) throw new UsageError(`--${name}: expected ${least} to ${most}`)
    return value
  }
  for (const row of positionals) {
    if (!isRow(row)) throw new UsageError(`no row "${row}"\n\n${usage}`)
  }
  return {
    rows: positionals,
    seconds: number('seconds', 0.1, 600),
    rounds: Math.floor(number('rounds', 1, 100)),
    connections: Math.floor(number('connections', 1, 1_000)),
    users: Math.floor(number('users', 1, 100_000)),
    json: values.json ?? defaultJson,
    seed: values['seed-large'] ? readSeed(number) : undefined,
  }
}

const readSeed = (number: ReadNumber): Options['seed'] => {
  const users = Math.floor(number('seed-users', 2_000, 10_000_000))
  return {
    users,
    relations: Math.floor(number('seed-relations', users * 4, users * mostRelations(users))),
    poolMb: Math.floor(number('seed-pool', 64, 1_000_000)),
  }
}

type ReadNumber = (name: NumberName, least: number, most: number) => number
type NumberName =
  | 'seconds'
  | 'rounds'
  | 'connections'
  | 'users'
  | 'seed-users'
  | 'seed-relations'
  | 'seed-pool'

const parse = (words: readonly string[]) => {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        seconds: { type: 'string', default: '5' },
        rounds: { type: 'string', default: '3' },
        connections: { type: 'string', default: '64' },
        users: { type: 'string', default: '256' },
        json: { type: 'string' },
        'seed-large': { type: 'boolean', default: false },
        'seed-users': { type: 'string', default: '1000000' },
        'seed-relations': { type: 'string', default: '10000000' },
        'seed-pool': { type: 'string', default: '4096' },
      },
    })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${usage}`)
  }
}
