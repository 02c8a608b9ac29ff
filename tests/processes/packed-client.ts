/** The SDK as an app gets it: built, packed by npm and unpacked into the `node_modules` of an app. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'

export const root = fileURLToPath(new URL('.', import.meta.resolve('#root/package.json')))
export const run = promisify(execFile)

/** Builds the package in a copy of the project, so that the build of this run stays as it is. */
const packClient = async (folder: string) => {
  const project = join(folder, 'project')
  for (const name of ['src', 'tools', 'docs/features', 'package.json', 'tsconfig.json', 'LICENSE'])
    await cp(join(root, name), join(project, name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(project, 'node_modules'))
  await run(process.execPath, ['tools/build.mjs', '--client'], { cwd: project })
  const packed = await run('npm', ['pack', './dist/client-package', '--json', '--pack-destination', folder], {
    cwd: project,
  })
  return join(folder, JSON.parse(packed.stdout)[0].filename)
}

/** Packages of this project, for an app that would install them itself. */
export const linkPackages = async (app: string, names: readonly string[]) => {
  for (const name of names) {
    const target = join(app, 'node_modules', name)
    await mkdir(dirname(target), { recursive: true })
    await symlink(join(root, 'node_modules', name), target)
  }
}

/** A folder of an app in which the packed SDK is installed, without a registry. */
export const openPackedApp = async (t: Test) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-client-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const app = join(folder, 'app')
  const installed = join(app, 'node_modules', '@torii', 'client')
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', await packClient(folder), '--strip-components=1', '-C', installed])
  await writeFile(join(app, 'package.json'), '{ "type": "module" }')
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
  await linkPackages(app, Object.keys(manifest.dependencies))
  return { app, installed, manifest }
}
