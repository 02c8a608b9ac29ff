import { createMigrator } from '../../../src/adapters/db/migrate.ts'

/**
 * Migrates as its own process: `node migrate-child.js CONFIG [STEP MOMENT]`. Kills itself, as a power cut
 * would, when STEP comes to MOMENT.
 */
const [config = '{}', step, moment] = process.argv.slice(2)

const ran = await createMigrator({
  config: JSON.parse(config),
  onStep: (name, now) => {
    if (name === step && now === moment) process.kill(process.pid, 'SIGKILL')
  },
}).up()
console.log(ran.length)
