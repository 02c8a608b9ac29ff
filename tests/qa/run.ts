/** `npm run qa -- SCRIPT --url … --app … --secret …`: scripts that are run by hand against a server. */
import { parseArgs } from 'node:util'

type Names = 'url' | 'app' | 'secret' | 'out' | 'device' | 'list'
/** `texts`: what stands behind the script's name. */
export type Options = Record<Names, string> & { texts: readonly string[] }

type Script = {
  needs: readonly Names[]
  takesTexts?: true
  load(): Promise<{ run(options: Options): Promise<void> }>
}

const scripts: Record<string, Script> = {
  gettotptoken: { needs: ['url', 'app', 'secret'], load: () => import('./gettotptoken.ts') },
  encrypt: { needs: ['url'], load: () => import('./encrypt.ts') },
  smoke: { needs: ['url', 'app', 'secret'], load: () => import('./smoke.ts') },
  wordfilter: { needs: ['url', 'list'], takesTexts: true, load: () => import('./wordfilter.ts') },
  sqlconnect: { needs: [], load: () => import('./sqlconnect.ts') },
}

const text = (value = '') => ({ type: 'string', default: value }) as const

const readArguments = () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: text('http://127.0.0.1:8080'),
      app: text(),
      secret: text(),
      out: text('totpsecret.json'),
      device: text(),
      list: text('data/words/deny.json'),
    },
  })
  const [name = '', ...more] = positionals
  const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined
  if (!script || (more.length > 0 && !script.takesTexts))
    throw new Error(`expected one script of ${Object.keys(scripts).join(', ')}`)
  const missing = script.needs.find((need) => values[need] === '')
  if (missing) throw new Error(`${name}: expected --${missing}`)
  if (!URL.canParse(values.url)) throw new Error(`--url: not a URL: ${values.url}`)
  return { script, options: { ...values, texts: more } }
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
  const { script, options } = readArguments()
  await (await script.load()).run(options)
} catch (error) {
  console.error(`qa: ${explain(error)}`)
  process.exitCode = 1
}
