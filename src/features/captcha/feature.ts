/** Captchas: a picture for people, work for devices, and when which is asked for. */
import { feature, operation, type World } from '../feature.ts'
import type { Captcha } from './api.ts'
import { createCaptchas } from './captcha.ts'
import { createCounts, judgeDemand } from './demand.ts'
import { captchaShape } from './wire.ts'

export const captcha = feature({
  create: (world: World) => {
    const { store, clock, random, crypto, drawGlyphs } = world
    const config = world.config.captcha
    const key = crypto.hmacSha256(world.key.ticket, new TextEncoder().encode('captcha'))
    const captchas = createCaptchas({ store, clock, random, crypto, key, config, drawGlyphs })
    const counts = createCounts(store, clock.elapsed, config)

    const api: Captcha = {
      checkCall: async (purpose, sent, caller) => {
        if (config.mode === 'never') return
        const demanded = judgeDemand(config, purpose, { network: await counts.add(purpose, caller) })
        if (demanded) await captchas.check(sent, demanded, caller)
      },
      checkLogin: async (sent, caller, { failedAt, isStreak, isKnownDevice }) => {
        if (config.mode === 'never') return false
        const row = config.demand.find(({ purpose, by }) => purpose === 'login' && by === 'login')
        const since = clock.now() - (row?.seconds ?? 0) * 1_000
        const failures = failedAt.filter((at) => at > since).length
        const network = isKnownDevice ? 0 : counts.known('login', caller)
        const demanded =
          judgeDemand(config, 'login', { network, login: failures }) ??
          (isStreak && !isKnownDevice
            ? { purpose: 'login' as const, kind: 'work' as const, level: 0 }
            : undefined)
        if (!demanded) return false
        await captchas.check(sent, demanded, caller)
        return true
      },
      countFailure: async (caller) => {
        if (config.mode !== 'never') await counts.add('login', caller)
      },
    }
    return {
      api,
      operations: [
        operation(captchaShape)(async ({ purpose, kind, theme = 'light' }, caller) => {
          // Asked for beforehand: as hard as it is now for this network.
          const network = await counts.read(purpose, caller)
          const now = judgeDemand({ ...config, mode: 'always' }, purpose, { network })
          const demanded = now ?? { purpose, kind: 'work' as const, level: 0 }
          const issued = { ...demanded, kind: kind ?? demanded.kind, theme }
          return { code: 'OK', ...(await captchas.issue(issued, caller)) }
        }),
      ],
    }
  },
})
