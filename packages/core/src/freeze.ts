/**
 * Freezes plain objects and arrays all the way down, and returns the value. Committed and speculative state
 * share what did not change, so a function that changed its state in place would be counted twice: frozen, it
 * throws instead. Stops at what is frozen already, so that a step costs what it made new.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return value
  Object.freeze(value)
  // By number: an iterator makes an object for each item.
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) deepFreeze(value[i])
  // Of a plain object these are its own fields; a list of them is not made.
  else for (const key in value) deepFreeze(value[key])
  return value
}
