/** What commands have in common: the options of all, the configuration, the database, how to answer. */
import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Db } from '../../src/adapters/db/index.ts'
import type { createAdmin } from '../../src/admin.ts'
import type { Config } from '../../src/config/index.ts'
import { explain } from './explain.ts'
import { createKeyFinder } from './find-key.ts'
import { Refusal } from './refusal.ts'
import { toJson, visible } from './text.ts'

export type Admin = ReturnType<typeof createAdmin> & {
  config: Config
  db: Db
  /** Which database this is, for the last line of an answer: there may be another that was meant. */
  place: string
  /** Why the server key cannot be used here; empty: it can. A command that erases or registers asks first. */
  findKeyProblem(): Promise<string>
}

/** What a command line is run from: the process, or a test. */
export type Terminal = {
  environment: NodeJS.ProcessEnv
  /** The working directory. */
  folder: string
  print(text: string): void
  complain(text: string): void
  /** Asks the person who types; undefined for a program. */
  ask?: ((question: string) => Promise<string>) | undefined
  /** All of the standard input, of at most a few kilobytes; undefined at a terminal. */
  readInput?: (() => Promise<Uint8Array>) | undefined
}

// npm changes into the project's folder; an administrator means the folder where npm was started.
const startedIn = ({ environment, folder }: Terminal) => {
  const { npm_lifecycle_event: script, INIT_CWD: started } = environment
  return script === 'torii' && started ? started : folder
}

/** Who types: for the audit events. With sudo, the person too and not only root. */
const findActor = ({ SUDO_USER: person }: NodeJS.ProcessEnv): string => {
  const { username } = userInfo()
  return person && person !== username ? `cli:${username} (${person})` : `cli:${username}`
}

/** The database of a configuration, without its password. */
export const placeOf = ({ database: { write, file } }: Config) =>
  write.length === 0
    ? file
    : write.map(({ host, port, database }) => `${host}:${port}/${database}`).join(', ')

export const isEmbeddedDatabase = ({ database }: Config) => database.write.length === 0

export type Context = ReturnType<typeof createContext>

export const createContext = (program: Command, terminal: Terminal) => {
  const { environment } = terminal
  let hasFaults = false
  const options = () => program.opts<{ config?: string; json?: boolean }>()
  const resolvePath = (path: string) => resolve(startedIn(terminal), path)

  /** `--config` goes before TORII_CONFIG. What is heavy is imported when it is used: help must not wait for it. */
  const configFile = () => {
    const { config } = options()
    return config !== undefined ? resolvePath(config) : (environment.TORII_CONFIG ?? 'config/default.json')
  }
  /** `production` reads it as a server with NODE_ENV=production would. */
  const readConfig = async ({ production = false } = {}): Promise<Config> => {
    const { loadConfig } = await import('../../src/config/load.ts')
    const isNamed = options().config !== undefined
    return loadConfig({
      ...environment,
      ...(isNamed && { TORII_CONFIG: configFile() }),
      ...(production && { NODE_ENV: 'production' }),
    })
  }

  /** Opening a missing file would create it, and hide that the configuration names the wrong one. */
  const checkFile = (config: Config) => {
    if (!isEmbeddedDatabase(config) || existsSync(config.database.file)) return
    throw new Refusal(
      `there is no database at ${config.database.file}: make it with "torii migrate up", or name the ` +
        "server's own configuration (--config, TORII_CONFIG and the TORII__ variables that it runs with)",
    )
  }

  const checkMigrated = async (config: Config) => {
    const { createMigrator } = await import('../../src/adapters/db/migrate.ts')
    const { length } = await createMigrator({ config: config.database }).pending()
    if (length === 0) return
    throw new Refusal(`${placeOf(config)} lacks ${length} migrations: run "torii migrate up"`)
  }

  /** Opens the database, which must have its tables, and closes it afterwards. */
  const withAdmin = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const config = await readConfig()
    checkFile(config)
    await checkMigrated(config)
    const { createAdmin } = await import('../../src/admin.ts')
    const { openDb } = await import('../../src/adapters/db/open.ts')
    const db = await openDb({ config: config.database })
    try {
      const { findSaltKey, findKeyProblem } = createKeyFinder(config, db)
      const admin = createAdmin({ db, config, actor: findActor(environment), findSaltKey })
      return await work({ ...admin, config, db, place: placeOf(config), findKeyProblem })
    } finally {
      await db.close()
    }
  }

  return {
    environment,
    readInput: terminal.readInput,
    readConfig,
    withAdmin,
    /** Records what changes no table. A failure is a remark: the act itself is done. */
    recordEvent: async (kind: string, detail: Record<string, string>): Promise<string[]> => {
      try {
        await withAdmin(({ recorders, db }) => recorders.recordAudit(db.write, { kind, detail }))
        return []
      } catch (error) {
        return [`No audit event was written: ${explain(error)}`]
      }
    },
    checkFile,
    resolvePath,
    /** Where the configuration comes from, in words. */
    describeConfig: () => {
      const { length } = Object.keys(environment).filter((name) => name.startsWith('TORII__'))
      return length > 0 ? `${configFile()} and ${length} variables` : configFile()
    },
    /** The data for `--json`, else the lines. */
    print: (data: unknown, lines: readonly string[]) => {
      const text = options().json ? toJson(data) : lines.map(visible).join('\n')
      terminal.print(`${text}\n`)
    },
    /** Before what can't be taken back: asks, unless `--yes` was given. */
    confirm: async (question: string, yes: boolean) => {
      if (yes) return
      if (!terminal.ask) throw new Refusal(`${question} Say --yes: there is no terminal to ask at`)
      const answer = await terminal.ask(visible(`${question} [y/N] `))
      if (!/^y(es)?$/i.test(answer.trim())) throw new Refusal('nothing was changed')
    },
    /** A part of a long answer, as it is. */
    write: terminal.print,
    /** Beside the answer: on the standard error output. */
    tell: terminal.complain,
    /** The command answers, and what it has found ends it with 1. */
    reportFaults: () => {
      hasFaults = true
    },
    foundFaults: () => hasFaults,
  }
}

/** A line for lists, and examples. */
export const describe = (command: Command, summary: string, ...examples: string[]): Command =>
  command
    .summary(summary)
    .description(`${summary}.`)
    .addHelpText('after', ['', 'Example:', ...examples.map((example) => `  ${example}`)].join('\n'))
