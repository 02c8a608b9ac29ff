/** What a script of `scripts/` is, and how one is found. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const defaults = {
  url: 'http://127.0.0.1:8080',
  app: '',
  secret: '',
  form: 'json',
  out: '',
  device: '',
  list: 'data/words/deny.json',
}

type Name = keyof typeof defaults
/** `texts`: what stands behind the script's name. */
export type Options = Record<Name, string> & { texts: readonly string[] }

/** Every file of `scripts/` exports these. */
export type Script = {
  /** One line for --help. */
  help: string
  /** Options that may not be empty. */
  needs: readonly Name[]
  /** How the texts behind the script's name are shown, if it takes any. */
  texts?: string
  run(options: Options): Promise<void>
}

const folder = new URL('./scripts/', import.meta.url)

export const scriptNames: readonly string[] = readdirSync(fileURLToPath(folder))
  .filter((name) => name.endsWith('.js'))
  .map((name) => name.slice(0, -'.js'.length))
  .sort()

export const loadScript = (name: string): Promise<Script> => import(new URL(`${name}.js`, folder).href)
