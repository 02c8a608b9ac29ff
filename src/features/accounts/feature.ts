/** Accounts: registering, logging in, and what an administrator does to an account. */
import type { PassEach } from '../abuse/api.ts'
import type { Addresses } from '../addresses/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { Captcha } from '../captcha/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { type AdminWorld, feature, operation, type World } from '../feature.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { Outbox } from '../outbox/api.ts'
import type { PasswordQuality } from '../passwords/api.ts'
import type { EndLogins, Tickets } from '../tickets/api.ts'
import { createAccountAdmin } from './admin.ts'
import { createCredentials } from './credentials/service.ts'
import { createNetworkFailures } from './failures/networks.ts'
import { removeOldFailures, removeOldStreaks } from './failures/repo.ts'
import { createFailures } from './failures/rule.ts'
import { createLogin } from './login.ts'
import { createNames } from './names.ts'
import { createNewVerifiers } from './new-verifiers.ts'
import { createPasswords } from './passwords.ts'
import { createFindSalt, createPrelogin } from './prelogin.ts'
import { createFindRedirect } from './redirect.ts'
import { createRegister } from './register.ts'
import { createVerifiers } from './verifier.ts'
import { loginShape, preloginShape, registerShape } from './wire.ts'

const dayMs = 24 * 3_600_000

export type AccountAdminNeeds = {
  endLogins: EndLogins
  recordAudit: RecordAudit
  recordChange: RecordChange
}

export const accountAdmin = feature({
  create: ({ db, clock }: AdminWorld, { endLogins, recordAudit, recordChange }: AccountAdminNeeds) => ({
    api: createAccountAdmin({ db, clock, endLogins, recordAudit, recordChange }),
  }),
})

export type AccountsNeeds = {
  logins: Pick<Tickets, 'begin' | 'endAll' | 'findKeys'>
  keys: Pick<Keys, 'prove' | 'end'>
  captcha: Captcha
  passEach: PassEach
  quality: PasswordQuality
  addresses: Pick<Addresses, 'findOf'>
  outbox: Pick<Outbox, 'add' | 'check'>
  recordAudit: RecordAudit
}

export const accounts = feature({
  create: (world: World, needs: AccountsNeeds) => {
    const { logins, keys, captcha, passEach, quality } = needs
    const { db, clock, random, crypto, config, isWithin } = world
    const passwords = createPasswords({
      crypto,
      saltKey: world.key.saltKey,
      config: config.password,
      hashPassword: world.hashPassword,
    })
    const verifiers = createVerifiers({
      crypto,
      random,
      pepper: world.key.pepper,
      slowDown: world.slowDown,
    })
    const findSalt = createFindSalt({ db, passwords })
    const failures = createFailures({ db, clock })
    const findRedirect = createFindRedirect({ redirects: config.server.redirects, isWithin })
    const prelogin = createPrelogin({ passwords, findSalt })
    const names = createNames({ reserved: config.names.reserved, unmask: world.unmask })
    const register = createRegister({
      db,
      clock,
      random,
      crypto,
      names,
      quality,
      createVerifiers: createNewVerifiers({ passwords, verifiers, random }),
      logins,
      keys,
      captcha,
    })
    const networks = createNetworkFailures({ passEach, elapsed: clock.elapsed })
    const credentials = createCredentials({ ...needs, db, clock, passwords, verifiers, failures, networks })
    const login = createLogin({
      db,
      clock,
      passwords,
      verifiers,
      findSalt,
      failures,
      networks,
      credentials,
      logins,
      keys,
      captcha,
      findRedirect,
    })
    return {
      api: { credentials },
      operations: [
        operation(preloginShape)(async (input) => ({ code: 'OK', ...(await prelogin(input)) })),
        operation(registerShape)(async (input, caller) => ({
          code: 'REGISTERED',
          ...(await register(input, caller)),
        })),
        operation(loginShape)(async (input, caller) => ({
          code: 'LOGGED_IN',
          ...(await login(input, caller)),
        })),
      ],
      retention: [
        { name: 'login failures', keptMs: dayMs, remove: removeOldFailures },
        { name: 'login streaks', keptMs: dayMs, remove: removeOldStreaks },
      ],
    }
  },
})
