/** The command line of administrators, apart from the process: tests call it too. Each command is a file in commands/. */
import { readdirSync, readFileSync } from 'node:fs'
import { Command, CommanderError, type Help } from 'commander'
import { type Context, createContext, describe, type Terminal } from './context.ts'
import { explain } from './explain.ts'
import { visible } from './text.ts'

const exitCodes = { done: 0, refused: 1, wrongUsage: 2 } as const

type CommandFile = { register(program: Command, context: Context): void }

const help: Partial<Help> = {
  showGlobalOptions: true,
  visibleCommands: (command) => (command.commands.length === 0 ? [] : listLeaves(command)),
  subcommandTerm: (command) =>
    [pathOf(command), ...command.registeredArguments.map((it) => `<${it.name()}>`)].join(' '),
}

/** Runs one command line and returns the exit code: 0 done, 1 refused, 2 used wrongly. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const complain = (text: string) => terminal.complain(`torii: ${visible(text)}\n`)
  const program = createProgram(terminal, complain)
  const context = createContext(program, terminal)
  for (const { register } of await loadCommands()) register(program, context)
  // It would suggest commands of groups.
  program.showSuggestionAfterError(false)
  try {
    await program.parseAsync(args, { from: 'user' })
    return context.foundFaults() ? exitCodes.refused : exitCodes.done
  } catch (error) {
    if (error instanceof CommanderError) return endUsage(program, error, complain)
    complain(explain(error))
    return exitCodes.refused
  }
}

/** Every file of commands/, by its name: a new one needs no list. */
function loadCommands(): Promise<CommandFile[]> {
  const folder = new URL('../commands/', import.meta.url)
  const files = readdirSync(folder).filter((name) => /^[a-z-]+\.[jt]s$/.test(name))
  return Promise.all(files.sort().map((name) => import(new URL(name, folder).href)))
}

function createProgram(terminal: Terminal, complain: (text: string) => void): Command {
  const { version } = JSON.parse(readFileSync(new URL(import.meta.resolve('#root/package.json')), 'utf8'))
  const program = new Command('torii')
  describe(
    program,
    'Administers a Torii login server',
    'torii doctor',
    'torii app add "Web shop"',
    'npm run --silent torii -- app list --json    (where "torii" is not on the PATH)',
  )
  return program
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
      writeOut: terminal.print,
      writeErr: () => {},
      outputError: (text) => complain(toLine(text.replace(/^error: /, ''))),
    })
}

/** What commander has refused, it has explained already, but for a group that was named without a command. */
function endUsage(program: Command, error: CommanderError, complain: (text: string) => void): number {
  if (error.exitCode === 0) return exitCodes.done
  if (error.code === 'commander.help') {
    const group = findGroup(program, program.args)
    const names = group.commands.map((it) => it.name()).join(', ')
    const path = group === program ? 'torii' : `torii ${pathOf(group)}`
    complain(`name a command (${names}); "${path} --help" tells more`)
  }
  return exitCodes.wrongUsage
}

/** Commands that do something, by their whole names: one list shows them all. */
function listLeaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(listLeaves)
}

function pathOf(command: Command): string {
  return command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** The group of commands that was named without naming one of its commands. */
function findGroup(command: Command, [name, ...rest]: readonly string[]): Command {
  const found = command.commands.find((it) => it.name() === name)
  return found ? findGroup(found, rest) : command
}

function toLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim()
}
