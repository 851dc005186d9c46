import type { Disk, DiskFile, Folder, Host, Link, LinkHandlers, ListenHandlers, Network } from '@tanist/core'

/** Counts what all peers of a cluster send, and tells when one writes to a file. */
export class Meter {
  frames = 0
  bytes = 0
  readonly #links = new Set<Link>()

  /** Bytes that wait on a link for their way out: the greatest of all links. */
  get bufferedBytes(): number {
    let most = 0
    for (const link of this.#links) most = Math.max(most, link.bufferedBytes)
    return most
  }

  host(host: Host, wrote: (file: string) => void): Host {
    return { ...host, network: this.#network(host.network), disk: diskOf(host.disk, wrote) }
  }

  #network(network: Network): Network {
    return {
      interfaces: () => network.interfaces?.() ?? [],
      listen: (address, handlers, options) => {
        const taken = (link: Link, take: (counted: Link) => LinkHandlers): LinkHandlers => {
          const counted = this.#link(link)
          return this.#handlers(take(counted), () => counted)
        }
        const bound: ListenHandlers = {
          listening: (at) => handlers.listening(at),
          failed: (failure) => handlers.failed(failure),
          accept: (link) => taken(link, (counted) => handlers.accept(counted)),
          ...(handlers.client !== undefined && {
            client: (link, caller) =>
              taken(link, (counted) => handlers.client?.(counted, caller) ?? handlers.accept(counted)),
          }),
        }
        return network.listen(address, bound, options)
      },
      dial: (address, handlers, options) => {
        let counted: Link | null = null
        const link = network.dial(
          address,
          this.#handlers(handlers, () => counted),
          options,
        )
        counted = this.#link(link)
        return counted
      },
    }
  }

  #handlers(handlers: LinkHandlers, link: () => Link | null): LinkHandlers {
    return {
      opened: () => handlers.opened(),
      frame: (bytes) => handlers.frame(bytes),
      closed: (end) => {
        const gone = link()
        if (gone) this.#links.delete(gone)
        handlers.closed(end)
      },
    }
  }

  #link(link: Link): Link {
    const counted: Link = {
      remote: link.remote,
      get bufferedBytes() {
        return link.bufferedBytes
      },
      send: (frame) => {
        this.frames += 1
        this.bytes += frame.length
        link.send(frame)
      },
      close: (code, reason) => link.close(code, reason),
    }
    this.#links.add(counted)
    return counted
  }
}

function diskOf(disk: Disk, wrote: (file: string) => void): Disk {
  const file = (name: string, real: DiskFile): DiskFile => ({
    get size() {
      return real.size
    },
    read: (offset, length) => real.read(offset, length),
    write: (offset, bytes) => {
      real.write(offset, bytes)
      wrote(name)
    },
    truncate: (size) => real.truncate(size),
    prepare: (size) => real.prepare(size),
    sync: (done) => real.sync(done),
    close: () => real.close(),
  })
  const folder = (real: Folder): Folder => ({
    path: real.path,
    list: () => real.list(),
    open: (name, mode) => file(name, real.open(name, mode)),
    rename: (from, to) => real.rename(from, to),
    remove: (name) => real.remove(name),
    sync: (done) => real.sync(done),
    close: () => real.close(),
  })
  return { openFolder: (path) => folder(disk.openFolder(path)) }
}
