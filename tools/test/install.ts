import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { findProgram } from './programs.ts'

const needs = {
  mariadb: {
    programs: ['mariadbd'],
    packages: { apt: 'mariadb-server', dnf: 'mariadb-server', pacman: 'mariadb', brew: 'mariadb' },
  },
  redis: {
    programs: ['redis-server'],
    packages: { apt: 'redis-server', dnf: 'redis', pacman: 'redis', brew: 'redis' },
  },
  chromium: {
    programs: ['chromium', 'chromium-browser', 'google-chrome'],
    packages: { apt: 'chromium', dnf: 'chromium', pacman: 'chromium', brew: 'chromium' },
  },
  nginx: {
    programs: ['nginx'],
    packages: { apt: 'nginx-light', dnf: 'nginx', pacman: 'nginx', brew: 'nginx' },
  },
  haproxy: {
    programs: ['haproxy'],
    packages: { apt: 'haproxy', dnf: 'haproxy', pacman: 'haproxy', brew: 'haproxy' },
  },
  systemd: {
    programs: ['systemd-analyze'],
    packages: { apt: 'systemd', dnf: 'systemd', pacman: 'systemd', brew: 'systemd' },
  },
  promtool: {
    programs: ['promtool'],
    packages: { apt: 'prometheus', dnf: 'prometheus', pacman: 'prometheus', brew: 'prometheus' },
  },
} as const

/** What test files need beside the database and the store, by their names. */
const needsOfFiles: [name: RegExp, needs: readonly (keyof typeof needs)[]][] = [
  [/(^|\/)browser[^/]*$/, ['chromium']],
  [/(^|\/)deploy$/, ['nginx', 'haproxy', 'systemd', 'promtool']],
]

/** The programs that these test files start. */
export const needsOf = (files: readonly string[]): Need[] => [
  'mariadb',
  'redis',
  ...needsOfFiles.flatMap(([name, wanted]) => (files.some((file) => name.test(file)) ? wanted : [])),
]

export type Need = keyof typeof needs

const managers = {
  apt: { program: 'apt-get', install: 'apt-get install -y' },
  dnf: { program: 'dnf', install: 'dnf install -y' },
  pacman: { program: 'pacman', install: 'pacman -S --needed' },
  brew: { program: 'brew', install: 'brew install' },
} as const

const managerNames = ['apt', 'dnf', 'pacman', 'brew'] as const

type Machine = {
  isRoot: boolean
  /** The path of the first of these programs that is there. */
  find: (...names: string[]) => string | undefined
}

const thisMachine: Machine = { isRoot: process.getuid?.() === 0, find: findProgram }

/** Installs what is missing as root on Debian and Ubuntu. Elsewhere throws with the command to type. */
export function installMissing(wanted: readonly Need[], machine = thisMachine): void {
  const { isRoot, find } = machine
  const listMissing = () => wanted.filter((need) => find(...needs[need].programs) === undefined)
  const missing = listMissing()
  if (missing.length === 0) return
  const names = missing.map((need) => needs[need].programs[0]).join(', ')
  if (!isRoot || find('apt-get') === undefined) {
    throw new Error(`${names}: not installed. ${advise(missing, machine)}`)
  }
  console.log(`${names}: not installed; installing with apt-get`)
  installWithApt(missing.map((need) => needs[need].packages.apt))
  const still = listMissing()
  if (still.length > 0) throw new Error(`apt-get did not bring ${still.join(', ')}`)
}

function advise(missing: readonly Need[], { isRoot, find }: Machine): string {
  const name = managerNames.find((name) => find(managers[name].program) !== undefined)
  if (name === undefined) return `Install ${missing.join(', ')} with the package manager of this system.`
  const packages = missing.map((need) => needs[need].packages[name])
  const sudo = isRoot || name === 'brew' ? '' : 'sudo '
  return `Install with: ${sudo}${managers[name].install} ${packages.join(' ')}`
}

function installWithApt(packages: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const lock = ['-o', 'DPkg::Lock::Timeout=300']
  const apt = (...args: string[]) =>
    spawnSync('apt-get', [...lock, '-q', ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  // Debian asks this script before a package starts its service. The tests bring their own servers.
  const policy = '/usr/sbin/policy-rc.d'
  const isOurs = writeNew(policy, '#!/bin/sh\nexit 101\n')
  try {
    apt('update')
    const { status, stdout } = apt('install', '-y', '--no-install-recommends', ...packages)
    if (status !== 0) throw new Error(`apt-get install ${packages.join(' ')} failed:\n${stdout}`)
  } finally {
    if (isOurs) rmSync(policy, { force: true })
  }
}

function writeNew(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o755 })
    return true
  } catch {
    return false
  }
}
