// Connects one of the TypeScript SDKs to a server, lists its tools and runs
// query. run.sh sets MODULES to the folder that the SDKs are installed in.
//
// TOKEN, where it is set, is sent as bearer token.
//
//   node typescript.mjs v1|v2 stdio|http|sse[-2026-07-28] COMMAND…|URL
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [version, way, ...target] = process.argv.slice(2)
const require = createRequire(join(process.env.MODULES, '..', 'typescript.js'))
const [transportName, ...revision] = way.split('-')
const pinned = revision.join('-')

const packages = {
  v1: {
    Client: () => require('@modelcontextprotocol/sdk/client/index.js').Client,
    stdio: () => require('@modelcontextprotocol/sdk/client/stdio.js').StdioClientTransport,
    http: () => require('@modelcontextprotocol/sdk/client/streamableHttp.js').StreamableHTTPClientTransport,
    sse: () => require('@modelcontextprotocol/sdk/client/sse.js').SSEClientTransport,
  },
  v2: {
    Client: () => require('@modelcontextprotocol/client').Client,
    stdio: () => require('@modelcontextprotocol/client/stdio').StdioClientTransport,
    http: () => require('@modelcontextprotocol/client').StreamableHTTPClientTransport,
    sse: () => require('@modelcontextprotocol/client').SSEClientTransport,
  },
}

const sdk = packages[version]
const Transport = sdk[transportName]()
const headers = process.env.TOKEN ? { Authorization: `Bearer ${process.env.TOKEN}` } : {}
const transport = transportName === 'stdio'
  ? new Transport({ command: target[0], args: target.slice(1), env: process.env, stderr: 'inherit' })
  : new Transport(new URL(target[0]), { requestInit: { headers } })
const options = pinned ? { versionNegotiation: { mode: { pin: pinned } } } : {}
const client = new (sdk.Client())({ name: 'fluxmcp-clients', version: '1.0.0' }, options)

await client.connect(transport)
if (pinned && client.getNegotiatedProtocolVersion() !== pinned) {
  throw new Error(`got revision ${client.getNegotiatedProtocolVersion()}, want ${pinned}`)
}
const { tools } = await client.listTools()
if (!tools.some((tool) => tool.name === 'query')) {
  throw new Error(`got tools ${tools.map((tool) => tool.name).join(', ')}; want query among them`)
}
const answer = await client.callTool({ name: 'query', arguments: { sql: 'SELECT 1 AS one' } })
const text = answer.content.map((part) => part.text ?? '').join('\n')
console.log(text)
if (answer.isError || !/one.*\b1\b/s.test(text)) {
  throw new Error('want the column one with the value 1')
}
await client.close()
