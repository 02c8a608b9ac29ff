/** `npm run qa -- new NAME` writes the beginning of a script. */
import { writeFile } from 'node:fs/promises'
import { fail } from './core.ts'

const skeleton = (name: string) => `import { randomBytes } from 'node:crypto'
import { fail, printStep } from '../core.ts'
import { expect, openLine } from '../line.ts'
import type { Options } from '../script.ts'

export const help = '${name}: what it checks, in one line'
export const needs = ['url', 'app', 'secret'] as const

/** Throws by \`fail\` or \`expect\` at the first answer that is wrong. */
export const run = async (options: Options) => {
  const line = await openLine(options)
  const greeting = randomBytes(8).toString('hex')
  const reply = await expect(line, '/v1/echo', { greeting }, 1_000_000)
  if (reply.greeting !== greeting) fail('echo: something else came back')
  printStep('done', 'what was sent came back')
}
`

export const writeNewScript = async (name = ''): Promise<string> => {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) fail('new: expected a name of small letters, digits and hyphens')
  const path = `tests/qa/scripts/${name}.ts`
  // npm runs its scripts in the folder of the project.
  await writeFile(path, skeleton(name), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) =>
    fail(error.code === 'EEXIST' ? `new: ${path} is there already` : `new: ${path}: ${error.message}`),
  )
  return path
}
