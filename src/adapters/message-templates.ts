/** The files of the templates of messages, as they are: `<folder>/<language>/<kind>.txt`. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from './start-error.ts'

export type TemplateFiles = {
  /** Text by name: `en/code.txt`, `layout.html`. */
  files: ReadonlyMap<string, string>
  /** What a start fails with when a file cannot be used. */
  refuse(name: string, fault: string): Error
}

const suffix = /\.(txt|html)$/

/** Throws StartError. */
export const readTemplateFiles = (folder: string, setting: string): TemplateFiles => {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => suffix.test(name))
    return {
      files: new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
      refuse: (name, fault) => new StartError(`${setting}: ${join(folder, name)}: ${fault}`),
    }
  } catch (error) {
    throw new StartError(`${setting}: ${folder} cannot be read (${(error as Error).message})`)
  }
}
