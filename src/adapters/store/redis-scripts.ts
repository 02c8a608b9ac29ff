import { createHash } from 'node:crypto'

export type Script = { lua: string; sha: string }

const script = (lua: string): Script => ({ lua, sha: createHash('sha1').update(lua).digest('hex') })

/** Atomic steps that no single command of Redis 6.2 does. Time is always the server's. */
export const scripts = {
  /** Only the first SET gives a life; INCR keeps it. */
  increment: script(`
    redis.call('SET', KEYS[1], 0, 'PX', ARGV[1], 'NX')
    return redis.call('INCR', KEYS[1])`),

  /** ARGV: is a value expected, which, is there a new one, which, its life in ms. */
  compareAndSet: script(`
    local current = redis.call('GET', KEYS[1])
    local expected = ARGV[1] == '1' and ARGV[2]
    if current ~= expected then return 0 end
    if ARGV[3] == '1' then redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
    else redis.call('DEL', KEYS[1]) end
    return 1`),

  /** SET with NX and GET together needs Redis 7. */
  claim: script(`
    local current = redis.call('GET', KEYS[1])
    if not current then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
    return current`),

  /**
   * A list of the microseconds of each pass, newest last: with whole milliseconds one more than max would fit
   * into a window that begins within one. Each pass removes up to two that have left the window, so the list
   * shrinks to what the window holds and no call is long. The extra millisecond of life is for the rounding.
   * Returns the ms to wait; if it passed, when, as a negative number.
   */
  pass: script(`
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local start = now - ARGV[1] * 1000
    local oldest = redis.call('LINDEX', KEYS[1], -ARGV[2])
    if oldest and tonumber(oldest) > start then return math.ceil((oldest - start) / 1000) end
    redis.call('RPUSH', KEYS[1], now)
    for _ = 1, 2 do
      if tonumber(redis.call('LINDEX', KEYS[1], 0)) > start then break end
      redis.call('LPOP', KEYS[1])
    end
    redis.call('PEXPIRE', KEYS[1], ARGV[1] + 1)
    return -now`),

  /** ARGV: the window in ms, then passes that a process remembers. The log becomes the union of both. */
  restorePasses: script(`
    local log = redis.call('LRANGE', KEYS[1], 0, -1)
    local known = {}
    for _, at in ipairs(log) do known[at] = true end
    for place = 2, #ARGV do
      if not known[ARGV[place]] then log[#log + 1] = ARGV[place] end
    end
    table.sort(log)
    redis.call('DEL', KEYS[1])
    for _, at in ipairs(log) do redis.call('RPUSH', KEYS[1], at) end
    redis.call('PEXPIRE', KEYS[1], ARGV[1] + 1)`),

  setTouched: script(`
    local time = redis.call('TIME')
    if redis.call('HEXISTS', KEYS[1], 'used') == 1 then return end
    redis.call('HSET', KEYS[1], 'value', ARGV[1], 'usedAt', time[1] * 1000 + math.floor(time[2] / 1000))
    redis.call('PEXPIRE', KEYS[1], ARGV[2])`),

  /** Returns value, ms since the last use, used, idle, then the gates. */
  touch: script(`
    local record = redis.call('HMGET', KEYS[1], 'value', 'usedAt', 'used')
    local reply = { record[1], 0, 0, 0 }
    if record[1] then
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      reply[2] = math.max(0, now - record[2])
      reply[3] = record[3] and 1 or 0
      reply[4] = reply[2] >= tonumber(ARGV[1]) and 1 or 0
      if reply[4] == 0 then redis.call('HSET', KEYS[1], 'usedAt', now, 'used', 1) end
    end
    if #KEYS > 1 then
      for place, gate in ipairs(redis.call('MGET', unpack(KEYS, 2))) do reply[4 + place] = gate end
    end
    return reply`),
} as const
