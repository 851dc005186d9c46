import type { Disk } from '@tanist/core'
import { NodeFolder } from './folder.js'
import { syncPolicy } from './sync-policy.js'

/** Files of this machine. All folders of one disk share what is known of its speed. */
export function nodeDisk(): Disk {
  const policy = syncPolicy()
  return { openFolder: (path) => new NodeFolder(path, policy) }
}
