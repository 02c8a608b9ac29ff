/** Accounts: registering, logging in, and what an administrator does to an account. */

import type { AppCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { PassEach } from '../abuse/api.ts'
import type { Addresses } from '../addresses/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { Captcha } from '../captcha/api.ts'
import type { Consents } from '../consents/api.ts'
import type { RecordEvent } from '../events/api.ts'
import { type AdminWorld, feature, operation, type Personal, type World } from '../feature.ts'
import type { Holds } from '../holds/api.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { Identities } from '../oauth/api.ts'
import type { Outbox } from '../outbox/api.ts'
import type { PasswordQuality } from '../passwords/api.ts'
import type { Tickets } from '../tickets/api.ts'
import type { Users } from '../users/api.ts'
import type { Codes } from '../verification/api.ts'
import { createAddUser } from './add-user.ts'
import { createAccountAdmin } from './admin.ts'
import { createCodeLogin } from './by-address/login.ts'
import { createAddressLogins } from './by-address/logins.ts'
import { createRegisterAddress } from './by-address/register.ts'
import { findAccountOfAddress, findAccountOfUser } from './by-address/repo.ts'
import { createMove } from './costs/move.ts'
import { createRaise, type RaiseNeeds } from './costs/raise.ts'
import { createCredentials } from './credentials/service.ts'
import { createSetPassword, type SetPasswordNeeds } from './credentials/set-password.ts'
import { createNetworkFailures } from './failures/networks.ts'
import { removeOldFailures, removeOldStreaks } from './failures/repo.ts'
import { createFailures } from './failures/rule.ts'
import { createFindKey } from './find-key.ts'
import { createErase } from './leaving/erase.ts'
import { createLeaving } from './leaving/service.ts'
import { createLogin } from './login.ts'
import { createNameLogin } from './name-login.ts'
import { createInsertNewAccount } from './new-account.ts'
import { createNewDevice } from './new-device/notice.ts'
import { createEndPages } from './new-device/page.ts'
import { createNewVerifiers, type NewVerifiersService } from './new-verifiers.ts'
import { createOpening } from './opening.ts'
import { createPasswordParts } from './password-parts.ts'
import { personal } from './personal.ts'
import { createFindSalt, createPrelogin } from './prelogin.ts'
import { createFindRedirect } from './redirect.ts'
import { createRegister } from './register.ts'
import { createRegisterProven } from './register-proven.ts'
import { createRemoveAccount } from './remove.ts'
import { createCheckActive } from './status/rule.ts'
import { markUsed } from './unused/repo.ts'
import { createRemoveUnused } from './unused/rule.ts'
import type { LoginAdminNeeds } from './user-logins/admin.ts'
import { loginShape, preloginShape, type RegisterInput, registerShape } from './wire.ts'

export { tellDisabled } from './status/rule.ts'

const dayMs = 24 * 3_600_000
const eraseMs = 5_000

export type AccountAdminNeeds = SetPasswordNeeds &
  Pick<LoginAdminNeeds, 'endLogin' | 'slots'> &
  Pick<RaiseNeeds, 'moveCostPin' | 'readCosts'> & {
    addresses: Pick<Addresses, 'parseLogin' | 'findOf' | 'findMails'>
    identities: Pick<Identities, 'findNames'>
    users: Users
    holds: Holds
    /** What every feature holds of a user; features that come later still add to it. */
    personal: readonly Personal[]
    recordEvent: RecordEvent
  }

export const accountAdmin = feature({
  create: (world: AdminWorld, needs: AccountAdminNeeds) => {
    const { db, clock, config } = world
    const { unusedDays } = config.accounts
    const removeAccount = createRemoveAccount({ ...needs, clock })
    const { erase, eraseDue } = createErase({ ...needs, db, clock, removeAccount })
    const remove = createRemoveUnused({ db, clock, addresses: needs.addresses, removeAccount })
    return {
      api: {
        ...createAccountAdmin({ ...needs, db, clock, removeAccount, erase }),
        eraseDue,
        markUsed,
        raise: createRaise({ ...needs, db, clock }),
        /** Both are for a command that has the server key. */
        openAddUser: createAddUser(world, needs),
        openSetPassword: createSetPassword(world, needs),
      },
      personal,
      jobs: [{ everyMs: eraseMs, name: 'erase final accounts', work: eraseDue }],
      retention: unusedDays > 0 ? [{ name: 'unused accounts', keptMs: unusedDays * dayMs, remove }] : [],
    }
  },
})

export type AccountsNeeds = {
  logins: Pick<Tickets, 'begin' | 'end' | 'endAll' | 'findKeys' | 'isLive'>
  keys: Pick<Keys, 'prove' | 'end'>
  captcha: Captcha
  passEach: PassEach
  quality: PasswordQuality
  addresses: Addresses
  codes: Codes
  outbox: Pick<Outbox, 'add' | 'canSend'>
  identities: Pick<Identities, 'findNames'>
  users: Users
  consents: Pick<Consents, 'removeOf'>
  recordAudit: RecordAudit
  recordEvent: RecordEvent
}

export const accounts = feature({
  create: (world: World, needs: AccountsNeeds) => {
    const { db, clock, random, config } = world
    const { captcha, addresses, codes, passEach } = needs
    const { passwords, verifiers } = createPasswordParts(world)
    const findKey = createFindKey(addresses)
    const findSalt = createFindSalt({ db, passwords, findKey })
    const prelogin = createPrelogin({ passwords, findSalt })
    const newVerifiers = createNewVerifiers({ passwords, verifiers, random })
    const register = createRegistering(world, needs, newVerifiers)
    const failures = createFailures({ db, clock })
    const findRedirect = createFindRedirect({
      redirects: config.server.redirects,
      isWithin: world.isWithin,
    })
    const networks = createNetworkFailures({ passEach, elapsed: clock.elapsed })
    const checkActive = createCheckActive(clock)
    const leaving = createLeaving(world, { ...needs, checkActive })
    const { comeBack } = leaving
    const credentials = createCredentials({
      ...needs,
      checkActive,
      db,
      clock,
      passwords,
      verifiers,
      failures,
      networks,
    })
    const { move, settle } = createMove({ ...world, passwords, verifiers })
    const newDevice = createNewDevice({
      ...needs,
      db,
      store: world.store,
      crypto: world.crypto,
      key: world.crypto.hmacSha256(world.key.ticket, new TextEncoder().encode('new device')),
    })
    const logIn = createLogin({
      ...needs,
      newDevice,
      checkActive,
      comeBack,
      db,
      clock,
      passwords,
      move,
      findKey,
      findSalt,
      failures,
      networks,
      credentials,
      captcha,
      oneTimeMs: config.accounts.oneTimePasswordHours * 3_600_000,
      findRedirect,
    })
    const opening = createOpening({ checkActive, comeBack, newDevice, findRedirect })
    const codeLogin = createCodeLogin({
      ...needs,
      db,
      clock,
      apps: config.accounts.codeLoginApps,
      opening,
    })
    // `/v1/login` takes the code: no bytes of one operation may run as another.
    codes.handle('login', { begin: codeLogin.begin })
    const addressLogins = createAddressLogins({
      clock,
      verifiers: newVerifiers,
      providers: [...world.providers.keys()],
    })
    return {
      api: {
        credentials,
        addressLogins,
        nameLogin: createNameLogin({ passwords, credentials, addressLogins }),
        opening,
        findAccountOfUser,
        findAccountOfAddress,
        registerProven: register.proven,
      },
      operations: [
        operation(preloginShape)(async (input) => ({ code: 'OK', ...(await prelogin(input)) })),
        operation(registerShape)(register.byMode),
        operation(loginShape)(async (input, caller) => {
          const isByCode = input.flow !== undefined || input.code !== undefined
          const reply = isByCode ? codeLogin.finish(input, caller) : logIn(input, caller)
          return { code: 'LOGGED_IN', ...(await reply) }
        }),
        ...leaving.operations,
      ],
      onChange: [{ kind: 'password-cost', apply: world.passwordCosts.load, isWhole: true, missed: 'any' }],
      close: [settle],
      pages: createEndPages(newDevice),
      retention: [
        { name: 'login failures', keptMs: dayMs, remove: removeOldFailures },
        { name: 'login streaks', keptMs: dayMs, remove: removeOldStreaks },
      ],
    }
  },
})

/** The ways of registering, by `regmode`. */
const createRegistering = (world: World, needs: AccountsNeeds, verifiers: NewVerifiersService) => {
  const { db, clock, random, config } = world
  const { registerModes, passwordRequired } = config.accounts
  const insertNewAccount = createInsertNewAccount({ ...needs, clock, random })
  const register = createRegister({ ...needs, db, verifiers, insertNewAccount })
  const byAddress = createRegisterAddress({
    ...needs,
    db,
    verifiers,
    insertNewAccount,
    passwordRequired,
  })
  needs.codes.handle('register', {
    verify: async (input, caller) => ({ code: 'REGISTERED', ...(await byAddress.finish(input, caller)) }),
  })
  const modes = {
    anonymous: async (input: RegisterInput, caller: AppCaller) => ({
      code: 'REGISTERED' as const,
      ...(await register(input, caller)),
    }),
    email: async (input: RegisterInput, caller: AppCaller) => ({
      code: 'REGISTERED_MAIL_SENT' as const,
      ...(await byAddress.begin(input, 'email', caller)),
    }),
    phone: async (input: RegisterInput, caller: AppCaller) => ({
      code: 'REGISTERED_SMS_SENT' as const,
      ...(await byAddress.begin(input, 'phone', caller)),
    }),
  } as const
  return {
    byMode: async (input: RegisterInput, caller: AppCaller) => {
      const mode = registerModes.find((known) => known === input.regmode)
      if (mode === undefined) throw new Failure('REGISTER_MODE')
      return modes[mode](input, caller)
    },
    proven: createRegisterProven({ ...needs, verifiers, insertNewAccount }),
  }
}
