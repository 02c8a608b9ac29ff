/** What may follow `npm start --`. Everything else is a setting. */
const startOptions = {
  '--lan': 'a trial also answers phones, emulators and containers of a private network',
  '--embedded': 'in production too, serve one process from a file and memory',
  '--print-config': 'show the settings with secrets masked, and start nothing',
  '--help': 'show this, and start nothing',
} as const

export type StartOption = keyof typeof startOptions

const settings =
  'Settings come from the environment or the file that TORII_CONFIG names; see docs/configuration.md.'
const port = 'Another port: TORII__SERVER__PORT=8081 npm start'

export const startHelp = [
  'npm start -- [options]',
  '',
  ...Object.entries(startOptions).map(([name, does]) => `  ${name.padEnd(16)}${does}`),
  '',
  settings,
  port,
  '',
].join('\n')

const isStartOption = (word: string): word is StartOption => Object.hasOwn(startOptions, word)

/** The options that were given, or the line that says which word is none. */
export const readStartOptions = (words: readonly string[]): Set<StartOption> | string => {
  const unknown = words.find((word) => !isStartOption(word))
  if (unknown === undefined) return new Set(words.filter(isStartOption))
  return `${unknown}: no such option; npm start -- --help lists them. ${port}`
}
