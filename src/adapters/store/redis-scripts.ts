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
   * ARGV: the window in ms, then the most of each log. Returns the ms to wait; if it passed, when, as a negative number.
   */
  pass: script(`
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    local start = now - ARGV[1] * 1000
    local wait = 0
    for place, key in ipairs(KEYS) do
      local oldest = redis.call('LINDEX', key, -ARGV[1 + place])
      if oldest and tonumber(oldest) > start then wait = math.max(wait, math.ceil((oldest - start) / 1000)) end
    end
    if wait > 0 then return wait end
    for _, key in ipairs(KEYS) do
      redis.call('RPUSH', key, now)
      for _ = 1, 2 do
        if tonumber(redis.call('LINDEX', key, 0)) > start then break end
        redis.call('LPOP', key)
      end
      redis.call('PEXPIRE', key, ARGV[1] + 1)
    end
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

  /** ARGV: the value, its life in ms, and its own idle time in ms if it has one. */
  setTouched: script(`
    local time = redis.call('TIME')
    if redis.call('HEXISTS', KEYS[1], 'used') == 1 then return end
    redis.call('HSET', KEYS[1], 'value', ARGV[1], 'usedAt', time[1] * 1000 + math.floor(time[2] / 1000))
    if ARGV[3] then redis.call('HSET', KEYS[1], 'idle', ARGV[3]) end
    redis.call('PEXPIRE', KEYS[1], ARGV[2])`),

  /** Returns value, ms since the last use, used, idle, then the gates. */
  touch: script(`
    local record = redis.call('HMGET', KEYS[1], 'value', 'usedAt', 'used', 'idle')
    local reply = { record[1], 0, 0, 0 }
    if record[1] then
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      reply[2] = math.max(0, now - record[2])
      reply[3] = record[3] and 1 or 0
      reply[4] = reply[2] >= math.min(ARGV[1], record[4] or ARGV[1]) and 1 or 0
      if reply[4] == 0 then redis.call('HSET', KEYS[1], 'usedAt', now, 'used', 1) end
    end
    if #KEYS > 1 then
      for place, gate in ipairs(redis.call('MGET', unpack(KEYS, 2))) do reply[4 + place] = gate end
    end
    return reply`),

  /**
   * A ledger is a sorted set: marks after a colon with score 0, numbers with themselves as score, and one member with
   * score -1 that is never removed, because Redis keeps no empty set. Entered one by one: unpack has a limit.
   * ARGV: the value expected, the new one, the life in ms, the marks.
   */
  beginLedger: script(`
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    redis.call('DEL', KEYS[2])
    redis.call('ZADD', KEYS[2], -1, '')
    for place = 4, #ARGV do redis.call('ZADD', KEYS[2], 0, ':' .. ARGV[place]) end
    redis.call('PEXPIRE', KEYS[2], ARGV[3])
    return 1`),

  /** ARGV: the most marks that the ledger may hold, the marks, none of them twice. */
  consume: script(`
    local life = redis.call('PTTL', KEYS[1])
    if life == -2 then return { 'missing', 0 } end
    for place = 2, #ARGV do
      if redis.call('ZSCORE', KEYS[1], ':' .. ARGV[place]) then return { 'seen', life } end
    end
    if redis.call('ZCOUNT', KEYS[1], 0, 0) + #ARGV - 1 > tonumber(ARGV[1]) then return { 'full', life } end
    for place = 2, #ARGV do redis.call('ZADD', KEYS[1], 0, ':' .. ARGV[place]) end
    return { 'consumed', life }`),

  /**
   * ARGV: number, width, jump. All are doubles that hold each integer up to 2^53 exactly. Numbers are handed to
   * commands as numbers or as they came: what Lua makes of them in a text keeps 14 digits only.
   */
  slide: script(`
    local life = redis.call('PTTL', KEYS[1])
    if life == -2 then return { 'missing', 0 } end
    local number, width = tonumber(ARGV[1]), tonumber(ARGV[2])
    local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
    local highest = math.max(0, tonumber(last[2]))
    if number <= highest - width then return { 'behind', life } end
    if number > highest + tonumber(ARGV[3]) then return { 'ahead', life } end
    if redis.call('ZADD', KEYS[1], 'NX', ARGV[1], ARGV[1]) == 0 then return { 'seen', life } end
    if number > highest then redis.call('ZREMRANGEBYSCORE', KEYS[1], 1, number - width) end
    return { 'fresh', life }`),

  extend: script(`
    for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[1]) end`),

  /** A list, newest last. ARGV: the entry, the most that stay, the life in ms. */
  pushBounded: script(`
    local over = redis.call('RPUSH', KEYS[1], ARGV[1]) - ARGV[2]
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    if over > 0 then return redis.call('LPOP', KEYS[1], over)[1] end`),

  /** The same for each key. ARGV: the entry, the life in ms, the most of each. */
  pushEach: script(`
    local fallen = {}
    for place, key in ipairs(KEYS) do
      local over = redis.call('RPUSH', key, ARGV[1]) - ARGV[2 + place]
      redis.call('PEXPIRE', key, ARGV[2])
      if over > 0 then fallen[#fallen + 1] = redis.call('LPOP', key, over)[1] end
    end
    return fallen`),

  /**
   * Rings hold keys without the prefix that the client puts before all keys. What may be refused comes before what changes.
   * ARGV: the key without the prefix, its value, its life in ms, its own idle time or '', the most that stay, the ring's life.
   */
  setInRing: script(`
    local prefix = string.sub(KEYS[1], 1, -#ARGV[1] - 1)
    local used = redis.call('HEXISTS', KEYS[1], 'used') == 1
    local isIn = false
    for _, key in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do isIn = isIn or key == ARGV[1] end
    local over = isIn and 0 or redis.call('RPUSH', KEYS[2], ARGV[1]) - ARGV[5]
    redis.call('PEXPIRE', KEYS[2], ARGV[6])
    if not used then
      local time = redis.call('TIME')
      redis.call('HSET', KEYS[1], 'value', ARGV[2], 'usedAt', time[1] * 1000 + math.floor(time[2] / 1000))
      if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'idle', ARGV[4]) end
      redis.call('PEXPIRE', KEYS[1], ARGV[3])
    end
    if over > 0 then
      for _, key in ipairs(redis.call('LPOP', KEYS[2], over)) do redis.call('DEL', prefix .. key) end
    end`),
} as const
