/** Writes the files that are made from the source, or with `--check` says which of them are stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ConfigSchema } from '../src/config/index.ts'
import { fillDefaults, type SchemaNode } from '../src/config/shape.ts'
import { printOperations } from './generate/client-operations.ts'
import { composeCommonPasswords } from './generate/common-passwords.ts'
import { configurationPage } from './generate/configuration-page.ts'
import { errorPage } from './generate/error-page.ts'
import { composeOpenApi } from './generate/openapi.ts'
import { rightsPage } from './generate/rights-page.ts'
import { loadShapes } from './generate/shapes.ts'

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

const shapes = await loadShapes()

/** Every generated file with what is in it. */
export const generatedFiles = (): Record<string, string | Buffer> => ({
  'config/common-passwords.bin': composeCommonPasswords(),
  'config/default.json': json(fillDefaults(ConfigSchema as SchemaNode, {})),
  'config/schema.json': json(ConfigSchema),
  'docs/configuration.md': configurationPage(),
  'docs/errors.md': errorPage(),
  'docs/openapi.json': json(composeOpenApi(shapes)),
  'docs/rights.md': rightsPage(shapes),
  'src/client/operations.ts': printOperations(shapes),
})

const main = () => {
  for (const [file, text] of Object.entries(generatedFiles())) {
    writeFileSync(fileURLToPath(import.meta.resolve(`#root/${file}`)), text)
  }
}

/** The generated files whose text on disk is another. JSON is compared by value: the formatter may lay it out. */
export const findStaleFiles = (): string[] =>
  Object.entries(generatedFiles())
    .filter(([file, text]) => {
      const bytes = readFileSync(fileURLToPath(import.meta.resolve(`#root/${file}`)))
      if (typeof text !== 'string') return !bytes.equals(text)
      const kept = bytes.toString()
      return file.endsWith('.json') ? json(JSON.parse(kept)) !== text : kept !== text
    })
    .map(([file]) => file)

if (process.argv[1]?.endsWith('generate.js')) main()
