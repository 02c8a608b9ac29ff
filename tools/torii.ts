#!/usr/bin/env node
/** The command line of administrators. Each command is a file in commands/. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError, type Help } from 'commander'
import { registerApp } from './commands/app.ts'
import { registerBackup } from './commands/backup.ts'
import { registerDoctor } from './commands/doctor.ts'
import { registerIp } from './commands/ip.ts'
import { registerKey } from './commands/key.ts'
import { registerMigrate } from './commands/migrate.ts'
import { registerUser } from './commands/user.ts'
import { createContext, describe } from './console/context.ts'
import { explain } from './console/explain.ts'
import { visible } from './console/text.ts'

const exitCodes = { refused: 1, wrongUsage: 2 } as const

const say = (text: string) => process.stderr.write(`torii: ${visible(text)}\n`)

/** Commands that do something, by their whole names: one list shows them all. */
const listLeaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(listLeaves)

const pathOf = (command: Command): string =>
  command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()

const help: Partial<Help> = {
  showGlobalOptions: true,
  visibleCommands: (command) => (command.commands.length === 0 ? [] : listLeaves(command)),
  subcommandTerm: (command) =>
    [pathOf(command), ...command.registeredArguments.map((it) => `<${it.name()}>`)].join(' '),
}

const createProgram = () => {
  const { version } = JSON.parse(readFileSync(new URL(import.meta.resolve('#root/package.json')), 'utf8'))
  const program = new Command('torii')
  describe(
    program,
    'Administers a Torii login server',
    'torii doctor',
    'torii app add "Web shop"',
    'npm run --silent torii -- app list --json    (where "torii" is not on the PATH)',
  )
    .description(
      'Administers a Torii login server. Changes go to its database, and running servers notice them within a ' +
        'second. Ends with 0 when done, 1 when refused, 2 when used wrongly.',
    )
    .version(version)
    .option('--config <file>', 'the configuration of the server; else TORII_CONFIG, else config/default.json')
    .option('--json', 'answer in JSON')
    .configureHelp(help)
    .exitOverride()
    .configureOutput({
      writeErr: () => {},
      outputError: (text) =>
        say(
          text
            .replace(/^error: /, '')
            .replace(/\s*\n\s*/g, ' ')
            .trim(),
        ),
    })
  const context = createContext(program)
  const registers = [
    registerMigrate,
    registerApp,
    registerIp,
    registerUser,
    registerKey,
    registerDoctor,
    registerBackup,
  ]
  for (const register of registers) register(program, context)
  // It would suggest commands of groups.
  program.showSuggestionAfterError(false)
  return program
}

/** The group of commands that was named without naming one of its commands. */
const findGroup = (command: Command, [name, ...rest]: readonly string[]): Command => {
  const found = command.commands.find((it) => it.name() === name)
  return found ? findGroup(found, rest) : command
}

const main = async () => {
  const program = createProgram()
  try {
    await program.parseAsync()
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      say(explain(error))
      process.exitCode = exitCodes.refused
      return
    }
    if (error.exitCode === 0) return
    if (error.code === 'commander.help') {
      const group = findGroup(program, program.args)
      const names = group.commands.map((it) => it.name()).join(', ')
      say(
        `name a command (${names}); "${group === program ? '' : 'torii '}${pathOf(group)} --help" tells more`,
      )
    }
    process.exitCode = exitCodes.wrongUsage
  }
}

// The reader of a pipe may go before all is written: `torii app list | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

await main()
