// A peer in a process of its own, to be killed and frozen. It ends when its parent does.
import { nodeDisk, nodeHost } from '../../dist/index.js'

process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
const [what, argument] = process.argv.slice(2)
if (what === 'lock') {
  const folder = nodeDisk().openFolder(argument)
  console.log(folder.path)
} else {
  nodeHost({ app: 'shop', secret: 'a secret for tests' }).network.listen(argument, {
    listening: (address) => console.log(address),
    accept: (link) => ({
      opened() {},
      frame(bytes) {
        const asked = Buffer.from(bytes).toString() === 'when?'
        link.send(asked ? Buffer.from(String(process.hrtime.bigint())) : bytes)
      },
      closed() {},
    }),
    failed: (failure) => process.exit(failure.code === 'in-use' ? 3 : 4),
  })
}
