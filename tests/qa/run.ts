/** `npm run qa -- SCRIPT --url … --app … --secret …`: scripts that are run by hand against a server. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { fail, printStep } from './core.ts'
import { writeNewScript } from './new-script.ts'
import { createPatientFetch } from './patient-fetch.ts'
import { defaults, loadScript, type Options, scriptNames } from './script.ts'

const usage = `npm run qa -- SCRIPT [--url ${defaults.url}] --app APPID --secret APPSECRET
npm run qa -- new NAME            writes the beginning of a script, tests/qa/scripts/NAME.ts

A script ends with 1 and one line when an answer is wrong, waits when the server says TOO_OFTEN, and keeps results
in data/qa. It prints secrets: use an app for tests.
`

const printHelp = async () => {
  console.log(usage)
  for (const name of scriptNames) {
    const { help, texts = '' } = await loadScript(name)
    console.log(`  ${`${name} ${texts}`.padEnd(32)}${help}`)
  }
}

const readWords = () => {
  const names = Object.keys(defaults) as (keyof typeof defaults)[]
  const given = Object.fromEntries(
    names.map((name) => [name, { type: 'string', default: defaults[name] }] as const),
  )
  const options = { ...given, help: { type: 'boolean', short: 'h', default: false } } as const
  const { values, positionals } = parseArgs({ allowPositionals: true, options })
  const [name = '', ...texts] = positionals
  return { name, isHelp: values.help === true, options: { ...values, texts } as unknown as Options }
}

const runScript = async (name: string, options: Options) => {
  if (!scriptNames.includes(name)) fail(`expected one script of ${scriptNames.join(', ')}, or --help`)
  const script = await loadScript(name)
  if (options.texts.length > 0 && !script.texts) fail(`${name} takes no texts: ${options.texts.join(' ')}`)
  const missing = script.needs.find((need) => options[need] === '')
  if (missing) fail(`${name}: expected --${missing}`)
  if (!URL.canParse(options.url)) fail(`--url: not a URL: ${options.url}`)
  // Every client of the scripts calls by the global fetch.
  globalThis.fetch = createPatientFetch({ fetch: globalThis.fetch, print: printStep, sleep })
  await script.run(options)
}

/** One line, whatever it was. */
const explain = (error: unknown): string => {
  const { name, message, code, info, cause } = error as Error & {
    code?: unknown
    info?: unknown
    cause?: Error & { cause?: Error }
  }
  const reason = cause?.cause ?? cause
  // Names that the catalogue has; those of JavaScript's own errors say nothing here.
  const kind = /^[A-Z_]+$/.test(name) ? [code ? `${name} ${code}` : name] : []
  const [first = ''] = message.split('. ', 1)
  const parts = [...kind, first, info, reason && ((reason as NodeJS.ErrnoException).code ?? reason.message)]
  return parts.filter(Boolean).join(': ').replaceAll(/\s+/g, ' ')
}

try {
  const { name, isHelp, options } = readWords()
  if (isHelp) await printHelp()
  else if (name === 'new') printStep('written', await writeNewScript(options.texts[0]))
  else await runScript(name, options)
} catch (error) {
  console.error(`qa: ${explain(error)}`)
  process.exitCode = 1
}
